// @vitest-environment happy-dom
// @vitest-environment-options { "settings": { "fetch": { "disableSameOriginPolicy": true } } }
import { act, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { Connection, type Document } from "../src/index.js";
import { TidegateProvider, useLive, useStatus } from "../src/react.js";
import { Gateway, token } from "./gateway.js";

const COUNT: Document<{ ticketCount: number }, { status?: string }> = "query Count($status: Status) { ticketCount(status: $status) }";
const gateway = new Gateway();
(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

beforeAll(() => gateway.start());
afterAll(() => gateway.remove());

function Count() {
  const [status, setStatus] = useState<string>();
  const [pause, setPause] = useState(false);
  const { data, isLoading, error } = useLive(COUNT, status === undefined ? {} : { status }, { pause });
  return (
    <>
      <output>{isLoading ? "loading" : (error?.code ?? String(data?.ticketCount))}</output>
      <i>{useStatus()}</i>
      <button onClick={() => setStatus("Done")}>done</button>
      <button onClick={() => setPause(true)}>pause</button>
    </>
  );
}

async function shows(text: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (document.querySelector("output")?.textContent !== text) {
    if (Date.now() > end) throw new Error(`It shows ${document.querySelector("output")?.textContent}, not ${text}.`);
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  }
}

test("useLive follows the query, its variables and whether it is paused", async () => {
  const connection = new Connection({ url: gateway.url, token: async () => token("ada"), webSocket: WebSocket });
  const element = document.body.appendChild(document.createElement("div"));
  const root = createRoot(element);
  act(() =>
    root.render(
      <StrictMode>
        <TidegateProvider connection={connection}>
          <Count />
        </TidegateProvider>
      </StrictMode>,
    ),
  );
  expect(document.querySelector("output")?.textContent).toBe("loading");
  await shows("3");
  expect(document.querySelector("i")?.textContent).toBe("open");
  await connection.request('mutation { createTicket(title: "Another", description: "…") { id } }');
  await shows("4");
  act(() => document.querySelectorAll("button")[0]!.click());
  await shows("1");
  act(() => document.querySelectorAll("button")[1]!.click());
  await shows("undefined");
  act(() => root.unmount());
  connection.close();
});
