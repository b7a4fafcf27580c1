// @vitest-environment happy-dom
// @vitest-environment-options { "settings": { "fetch": { "disableSameOriginPolicy": true } } }
import { act, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { Connection, type Document } from "../src/index.js";
import { TidegateProvider, useLive, useStatus } from "../src/react.js";
import { Gateway, token } from "./gateway.js";

const COUNT: Document<{ ticketCount: number }, { status?: string }> = "query Count($status: Status) { ticketCount(status: $status) }";
const LINES: Document<{ myTickets: { id: string }[] }, { first: number }> = "query Lines($first: Int) { myTickets(first: $first) { id } }";
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
  // Nobody watches: after a while nothing is connected.
  const end = Date.now() + 60_000;
  while (connection.status.get() !== "idle" && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(connection.status.get()).toBe("idle");
  connection.close();
});

function Lines() {
  const [first, setFirst] = useState(1);
  const { data, isLoading } = useLive(LINES, { first }, { keep: true });
  return (
    <>
      <output>{data === undefined ? "none" : String(data.myTickets.length)}</output>
      <i>{String(isLoading)}</i>
      <button onClick={() => setFirst(2)}>more</button>
    </>
  );
}

test("a list that grows shows what it had until there is more, and it goes away while it is asked", async () => {
  const connection = new Connection({ url: gateway.url, token: async () => token("ada"), webSocket: WebSocket, linger: 0 });
  const element = document.body.appendChild(document.createElement("div"));
  const root = createRoot(element);
  const whole = (
    <StrictMode>
      <TidegateProvider connection={connection}>
        <Lines />
      </TidegateProvider>
    </StrictMode>
  );
  // On a server there is nothing to show, and nothing is connected.
  expect(renderToString(whole)).toContain("<output>none</output>");
  expect(connection.status.get()).toBe("idle");
  act(() => root.render(whole));
  await shows("1");
  act(() => document.querySelector("button")!.click());
  expect(document.querySelector("output")?.textContent).toBe("1");
  expect(document.querySelector("i")?.textContent).toBe("true");
  await shows("2");
  expect(document.querySelector("i")?.textContent).toBe("false");
  act(() => root.unmount());
  const again = createRoot(element);
  act(() => again.render(whole));
  act(() => again.unmount());
  const end = Date.now() + 60_000;
  while (connection.status.get() !== "idle" && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(connection.status.get()).toBe("idle");
  connection.close();
});
