import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { change, Connection, type ConnectionOptions, type Document, GatewayError, SignedOut, type Status } from "../src/index.js";
import { Between, Gateway, type Name, token, until } from "./gateway.js";

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
const MINE_ALL: Document<{ allTickets: { nodes: Line[] } }, Record<string, never>> = "query { allTickets(first: 100) { nodes { id title status } } }";
const DELETE: Document<unknown, { id: string }> = "mutation Delete($id: ID!) { deleteTicket(id: $id) { id } }";
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

function connect(name: Name, give: () => Promise<string> = async () => token(name), options: ConnectionOptions = {}): Connection {
  const made = new Connection({ url: gateway.url, token: give, webSocket: WebSocket, linger: 50, ...options });
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
  const stop = mine.subscribe(() => undefined);
  await until("the first result", () => !mine.get().isLoading);
  // Equal ones are one, others are not.
  expect(ada.live(MINE, {}).get()).toBe(mine.get());
  expect(ada.live(MINE, { first: 1 }).get().isLoading).toBe(true);
  expect(titles(mine)).toContain("The printer is on fire");
  const { id } = mine.get().data!.myTickets.find((each) => each.title.startsWith("New laptop"))!;
  await connect("sam").request(MOVE, { id, status: "InProgress" });
  await until("the refresh", () => mine.get().data!.myTickets.some((each) => each.id === id && each.status === "InProgress"));
  stop();
  await until("that it is forgotten", () => mine.get().isLoading);
  await until("that nothing is connected", () => ada.status.get() === "idle");
  mine.subscribe(() => undefined);
  await until("another first result", () => mine.get().data?.myTickets.some((each) => each.id === id && each.status === "InProgress") === true);
});

test("errors have codes, and refusals show nothing", async () => {
  const ada = connect("ada");
  await expect(ada.request(ALL)).rejects.toMatchObject({ name: "GatewayError", code: "FORBIDDEN" });
  const all = ada.live(ALL);
  all.subscribe(() => undefined);
  await until("the refusal", () => all.get().error !== undefined);
  expect(all.get()).toMatchObject({ data: undefined, isLoading: false, error: { code: "FORBIDDEN" } });
  const lost = new Connection({ url: "http://127.0.0.1:9/graphql", webSocket: WebSocket });
  await expect(lost.request(ALL)).rejects.toMatchObject({ code: "UNREACHABLE", message: "The gateway cannot be reached." });
  expect(() => new Connection()).toThrow("Outside of a page");
  // A token is for nobody but the gateway.
  const told: unknown[] = [];
  const other = createServer((request, response) => {
    told.push(request.headers.authorization);
    response.end();
  }).listen(0);
  await connect("ada").fetch(`http://127.0.0.1:${(other.address() as { port: number }).port}/`);
  expect(told).toEqual([undefined]);
  other.close();
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

test("what is shown at once outlasts results that are older", async () => {
  const between = new Between(gateway.url);
  await between.start();
  const ada = connect("ada", undefined, { url: between.url });
  const [sam, direct] = [connect("sam"), connect("sam")];
  const mine = ada.live(MINE, {});
  const seen: string[] = [];
  mine.subscribe(() => seen.push(titles(mine)[0] ?? ""));
  await until("the first result", () => !mine.get().isLoading);
  const all = sam.live(MINE_ALL, {});
  all.subscribe(() => undefined);
  await until("what Sam sees", () => !all.get().isLoading);
  // Two results are on their way, and stay there, when Ada files a ticket and is answered.
  between.hold();
  const { id } = mine.get().data!.myTickets.at(-1)!;
  for (const [index, status] of ["Todo", "Done"].entries()) {
    await direct.request(MOVE, { id, status });
    await until("a result on its way", () => between.waiting > index);
  }
  const draft = change(MINE, (data, outcome: { createTicket: Line } | undefined) => {
    const shown = outcome?.createTicket ?? { id: "draft", title: "Not yet there", status: "Todo" };
    return data.myTickets.some((each) => each.id === shown.id) ? data : { myTickets: [shown, ...data.myTickets] };
  });
  seen.length = 0;
  const { createTicket } = await ada.optimistic(() => ada.request(FILE, { title: "Not yet there" }), [draft]);
  await until("the result of that", () => between.waiting >= 3);
  between.release(1);
  await until("an older result", () => mine.get().data!.myTickets.at(-1)!.status === "Todo");
  between.release(1);
  await until("another", () => mine.get().data!.myTickets.at(-1)!.status === "Done");
  expect(titles(mine)[0]).toBe("Not yet there");
  between.release();
  // Somebody else's word is the last one, once it comes.
  await connect("kim").request(DELETE, { id: createTicket.id });
  await until("that it is gone", () => !titles(mine).includes("Not yet there"));
  const shown = seen.slice(0, -1);
  expect(shown.length).toBeGreaterThan(3);
  expect(new Set(shown)).toEqual(new Set(["Not yet there"]));
  between.stop();
});

test("two changes of the same thing: the first does not come to light below the second", async () => {
  const [ada, sam] = [connect("ada"), connect("sam")];
  const all = sam.live(MINE_ALL, {});
  const { createTicket } = await ada.request(FILE, { title: "Back and forth" });
  const status = () => all.get().data?.allTickets.nodes.find((each) => each.id === createTicket.id)?.status;
  const seen: (string | undefined)[] = [];
  all.subscribe(() => seen.push(status()));
  await until("the ticket", () => status() !== undefined);
  seen.length = 0;
  const move = (to: string) =>
    sam.optimistic(() => sam.request(MOVE, { id: createTicket.id, status: to }), [
      change(MINE_ALL, ({ allTickets }) => ({
        allTickets: { nodes: allTickets.nodes.map((each) => (each.id === createTicket.id ? { ...each, status: to } : each)) },
      })),
    ]);
  await Promise.all([move("InProgress").then(() => move("Done")).then(() => move("Todo"))]);
  await ada.request(FILE, { title: "Behind it" });
  await until("what follows", () => all.get().data!.allTickets.nodes.some((each) => each.title === "Behind it"));
  const turns = seen.filter((each, index) => each !== seen[index - 1]);
  expect(turns).toEqual(["InProgress", "Done", "Todo"]);
});

test.each([
  ["by choice", false, "events"],
  ["where websockets do not get through", true, "auto"],
] as const)("live results by server-sent events, %s", async (_, refusing, transport) => {
  const between = new Between(gateway.url, { refusing });
  await between.start();
  let asked = 0;
  const ada = connect(
    "ada",
    async () => {
      asked += 1;
      return token("ada", 6);
    },
    { url: between.url, transport },
  );
  const mine = ada.live(MINE, {});
  mine.subscribe(() => undefined);
  const refused = ada.live(ALL);
  const stop = refused.subscribe(() => undefined);
  const heard: string[] = [];
  ada.events.on("ticketAnswered", ({ text }) => heard.push(text));
  await until("the first result", () => !mine.get().isLoading);
  await until("the refusal", () => refused.get().error !== undefined);
  expect(refused.get()).toMatchObject({ data: undefined, error: { code: "FORBIDDEN" } });
  stop();
  expect(between.refused > 0).toBe(refusing);
  const statuses: Status[] = [];
  ada.status.subscribe(() => statuses.push(ada.status.get()));
  // The third token is asked for when the first one has expired.
  await until("a third token", () => asked >= 3);
  const { id } = mine.get().data!.myTickets.at(-1)!;
  await connect("sam").request(MOVE, { id, status: "InProgress" });
  await until("the refresh", () => mine.get().data!.myTickets.at(-1)!.status === "InProgress");
  await connect("sam").request(ANSWER, { id, text: `By ${transport}` });
  await until("the event", () => heard.includes(`By ${transport}`));
  await connect("sam").request(MOVE, { id, status: "Done" });
  await until("one more", () => mine.get().data!.myTickets.at(-1)!.status === "Done");
  expect(statuses).toEqual([]);
  between.stop();
  await until("that it waits", () => ada.status.get() === "waiting");
});

test("whoever loses a right is told, and has it again with another token", async () => {
  let role: Name = "ada";
  let life = 2;
  const somebody = connect("ada", async () => token(role, life));
  const all = somebody.live(ALL);
  all.subscribe(() => undefined);
  await until("the refusal", () => all.get().error?.code === "FORBIDDEN");
  role = "sam";
  life = 3600;
  await until("the numbers", () => all.get().data !== undefined);
  expect(all.get().error).toBeUndefined();
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
