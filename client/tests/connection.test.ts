import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { change, Connection, type Document, GatewayError, SignedOut, type Status } from "../src/index.js";
import { Gateway, type Name, token, until } from "./gateway.js";

declare module "../src/events.js" {
  interface Events {
    ticketAnswered: { id: string; title: string; text: string };
    announced: { id: string; text: string };
  }
}

interface Line {
  id: string;
  title: string;
  status: string;
}
const MINE: Document<{ myTickets: Line[] }, { first?: number }> =
  "query Mine($first: Int = 50) { myTickets(first: $first) { id title status } }";
const ALL: Document<{ allTickets: { totalCount: number } }, never> = "query All { allTickets { totalCount } }";
const FILE: Document<{ createTicket: Line }, { title: string }> =
  'mutation File($title: String!) { createTicket(title: $title, description: "…") { id title status } }';
const MOVE: Document<{ setStatus: { id: string } }, { id: string; status: string }> =
  "mutation Move($id: ID!, $status: Status!) { setStatus(id: $id, status: $status) { id } }";
const ANSWER: Document<unknown, { id: string; text: string }> =
  "mutation Answer($id: ID!, $text: String!) { answerTicket(id: $id, text: $text) { id } }";

const gateway = new Gateway();
const open: Connection[] = [];

beforeAll(() => gateway.start());
afterAll(() => gateway.remove());
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

function connect(name: Name, give: () => Promise<string> = async () => token(name)): Connection {
  const made = new Connection({ url: gateway.url, token: give, webSocket: WebSocket, linger: 50 });
  open.push(made);
  return made;
}

function titles(live: { get(): { data: { myTickets: Line[] } | undefined } }): string[] {
  return live.get().data?.myTickets.map((each) => each.title) ?? [];
}

test("a query is live: data, loading, and what others do to it", async () => {
  const ada = connect("ada");
  const mine = ada.live(MINE, {});
  expect(mine.get()).toEqual({ data: undefined, isLoading: true, error: undefined, at: undefined });
  expect(ada.live(MINE, {})).toBe(mine);
  expect(ada.live(MINE, { first: 1 })).not.toBe(mine);
  const stop = mine.subscribe(() => undefined);
  await until("the first result", () => !mine.get().isLoading);
  expect(titles(mine)).toContain("The printer is on fire");
  const { id } = mine.get().data!.myTickets.find((each) => each.title.startsWith("New laptop"))!;
  await connect("sam").request(MOVE, { id, status: "InProgress" });
  await until("the refresh", () => mine.get().data!.myTickets.some((each) => each.id === id && each.status === "InProgress"));
  stop();
  await until("that nobody watches it", () => ada.live(MINE, {}) !== mine);
});

test("errors have codes, and refusals show nothing", async () => {
  const ada = connect("ada");
  await expect(ada.request(ALL)).rejects.toMatchObject({ name: "GatewayError", code: "FORBIDDEN" });
  const all = ada.live(ALL);
  all.subscribe(() => undefined);
  await until("the refusal", () => all.get().error !== undefined);
  expect(all.get()).toMatchObject({ data: undefined, isLoading: false, error: { code: "FORBIDDEN" } });
  const lost = new Connection({ url: "http://127.0.0.1:9/graphql", webSocket: WebSocket });
  await expect(lost.request(ALL)).rejects.toMatchObject({ code: "UNREACHABLE" });
});

test("what will be is shown at once, and taken back if it fails", async () => {
  const ada = connect("ada");
  const mine = ada.live(MINE, {});
  const seen: string[][] = [];
  mine.subscribe(() => seen.push(titles(mine)));
  await until("the first result", () => !mine.get().isLoading);
  const before = titles(mine);
  const draft = (title: string) =>
    change(MINE, (data, outcome: { createTicket: Line } | undefined) => {
      const shown = outcome?.createTicket ?? { id: "draft", title, status: "Todo" };
      const there = data.myTickets.some((each) => each.id === shown.id || (outcome === undefined && each.title === title));
      return there ? data : { myTickets: [shown, ...data.myTickets] };
    });
  const filing = ada.optimistic(() => ada.request(FILE, { title: "One more" }), [draft("One more")]);
  expect(titles(mine)).toEqual(["One more", ...before]);
  const { createTicket } = await filing;
  await until("the ticket itself", () => mine.get().data!.myTickets[0]!.id === createTicket.id);
  expect(seen.every((each) => each.filter((title) => title === "One more").length <= 1)).toBe(true);

  const failing = ada.optimistic(() => ada.request(MOVE, { id: createTicket.id, status: "Done" }), [
    change(MINE, (data) => ({ myTickets: data.myTickets.map((each) => ({ ...each, status: "Done" })) })),
  ]);
  expect(mine.get().data!.myTickets[0]!.status).toBe("Done");
  await expect(failing).rejects.toBeInstanceOf(GatewayError);
  expect(mine.get().data!.myTickets[0]!.status).toBe("Todo");
});

test("events arrive at whom they are for, with what the project says comes with them", async () => {
  const [ada, sam] = [connect("ada"), connect("sam")];
  const heard: string[] = [];
  ada.events.on("ticketAnswered", ({ title, text }) => heard.push(`${title}: ${text}`));
  sam.events.on("ticketAnswered", () => heard.push("not for Sam"));
  let told = 0;
  for (const each of [ada, sam]) each.events.on("announced", () => (told += 1));
  const kim = connect("kim");
  // Whoever is not connected yet hears nothing: told again until both are.
  for (let round = 0; told < 2; round += 1) {
    told = 0;
    await kim.request("mutation { announce(text: \"Coffee is ready.\") { id } }");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(round).toBeLessThan(600);
  }
  await sam.request(ANSWER, { id: "1", text: "It is out." });
  await until("the event", () => heard.length > 0);
  expect(heard).toEqual(["The printer is on fire: It is out."]);
});

test("tokens are renewed inside the connections, and nothing watched is interrupted", async () => {
  let asked = 0;
  const ada = connect("ada", async () => {
    asked += 1;
    return token("ada", 6);
  });
  const statuses: Status[] = [];
  ada.status.subscribe(() => statuses.push(ada.status.get()));
  const mine = ada.live(MINE, {});
  mine.subscribe(() => undefined);
  const heard: string[] = [];
  ada.events.on("ticketAnswered", ({ text }) => heard.push(text));
  await until("the first result", () => !mine.get().isLoading);
  // The third token is asked for when the first one has expired.
  await until("a third token", () => asked >= 3);
  const sam = connect("sam");
  const { id } = mine.get().data!.myTickets[0]!;
  await sam.request(MOVE, { id, status: "Done" });
  await sam.request(ANSWER, { id, text: "Still here?" });
  await until("the refresh", () => mine.get().data!.myTickets[0]!.status === "Done");
  await until("the event", () => heard.includes("Still here?"));
  expect(statuses).toEqual(["connecting", "open"]);
});

test("a restart is waited for, and what happened meanwhile is there", async () => {
  const ada = connect("ada");
  const mine = ada.live(MINE, {});
  mine.subscribe(() => undefined);
  await until("the first result", () => !mine.get().isLoading);
  const statuses: Status[] = [];
  ada.status.subscribe(() => statuses.push(ada.status.get()));
  await gateway.stop();
  await until("that it waits", () => ada.status.get() === "waiting");
  expect(mine.get().data).toBeDefined();
  await gateway.start();
  await connect("ada").request(FILE, { title: "While it was away" });
  await until("what it missed", () => titles(mine).includes("While it was away"));
  expect(statuses.at(-1)).toBe("open");
});

test("who is signed out is told, and nothing is tried again", async () => {
  let asked = 0;
  const nobody = connect("ada", async () => {
    asked += 1;
    throw new SignedOut();
  });
  const mine = nobody.live(MINE, {});
  mine.subscribe(() => undefined);
  await until("the end", () => nobody.status.get() === "signedOut" && mine.get().error !== undefined);
  const then = asked;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(asked).toBe(then);
});
