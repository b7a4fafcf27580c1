import { expect, test } from "vitest";
import { asSubscription } from "../src/documents.js";
import { lifeOf } from "../src/tokens.js";
import { token } from "./gateway.js";

test.each([
  ["query Mine($first: Int) { myTickets(first: $first) { id } }", "subscription Mine($first: Int) { myTickets(first: $first) { id } }"],
  ["{ openTickets }", "subscription { openTickets }"],
  ["subscription { openTickets }", "subscription { openTickets }"],
  ["# a query\nquery { openTickets }", "# a query\nsubscription { openTickets }"],
  ['fragment T on Ticket { id } query Q { search(q: "query {") { ...T } }', 'fragment T on Ticket { id } subscription Q { search(q: "query {") { ...T } }'],
  ["query Q { me { ...query } } fragment query on User { id }", "subscription Q { me { ...query } } fragment query on User { id }"],
])("%s is watched", (query, subscription) => {
  expect(asSubscription(query)).toBe(subscription);
});

test("what is no query cannot be watched", () => {
  expect(() => asSubscription("mutation { write }")).toThrow(TypeError);
  expect(() => asSubscription("fragment T on Ticket { id }")).toThrow(TypeError);
});

test("a token says for how long it is good, whatever this machine's clock says", () => {
  const now = Math.floor(Date.now() / 1000);
  const made = token("ada", 300, now);
  expect(lifeOf(made, now)).toBe(300);
  expect(lifeOf(made, now + 100)).toBe(200);
  // Clocks that are wrong.
  expect(lifeOf(made, now - 5000)).toBe(300);
  expect(lifeOf(made, now + 5000)).toBe(300);
  expect(lifeOf("not a token")).toBe(Infinity);
});
