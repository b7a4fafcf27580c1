// What happens now: refreshes and why, live queries, who is connected, events.

import { get } from "./api.js";
import { json } from "./code.js";
import { h, put, s, tabs, tag } from "./dom.js";
import { feed } from "./feed.js";
import { age, bytes, clock, count, milliseconds, plural, seconds, who } from "./format.js";
import { Rows } from "./rows.js";

const PAUSE = 2000;

function shape(label, part) {
  if (!part) return null;
  return h("p", {}, h("span", { class: "dim" }, `${label} `), h("b", {}, part.table ?? "anything"),
    part.keys?.length > 0 && [" by ", h("code", {}, part.keys.join(", "))],
    typeof part.rows === "number" && ` · ${plural(part.rows, "row image")}`,
    part.columns && h("span", { class: "columns" }, part.columns.join(" ")));
}

const outcomes = { sent: "good", equal: "plain", error: "bad" };

function refreshRow(record) {
  if (record.kind === "change") {
    return [h("time", {}, clock(record.at)), h("span", { class: "what" }, h("span", { class: "glyph write" }, "✎"), h("b", {}, record.cause)),
      h("span", { class: "why" }, [...new Set(record.touches.map((each) => each.table ?? "anything"))].join(", ") || "names queries"),
      h("span", { class: "num" }), h("span", { class: "num" }), tag(`wakes ${record.woken}`, record.woken ? "wake" : "plain")];
  }
  return [h("time", {}, clock(record.at)), h("span", { class: "what" }, h("span", { class: "glyph" }, "≈"), h("b", {}, record.operation), h("code", { class: "digest" }, record.query.slice(0, 6))),
    h("span", { class: "why" }, record.cause, record.coalesced > 0 && ` and ${record.coalesced} more`),
    h("span", { class: "num", title: "subscribers" }, record.watchers),
    h("span", { class: "num" }, milliseconds(record.ms)),
    tag(record.error ?? record.outcome, outcomes[record.outcome])];
}

function refreshDetail(record) {
  if (record.kind === "change") {
    return [record.touches.map((each) => shape("wrote", each)),
      record.named.length > 0 && h("p", {}, h("span", { class: "dim" }, "refreshes by name "), record.named.join(", ")),
      h("p", { class: "note" }, `Change ${record.number}. It concerned ${plural(record.woken, "live query", "live queries")}.`)];
  }
  return [shape("read", record.read), shape("touched", record.touch),
    h("p", {}, h("span", { class: "dim" }, "asked as "), record.role, h("span", { class: "dim" }, " · for "), plural(record.watchers, "subscriber"),
      h("span", { class: "dim" }, " · "), bytes(record.bytes), h("span", { class: "dim" }, " · in a request of "), plural(record.batch, "question")),
    h("p", {}, h("a", { href: `#/operations/${record.operation}` }, record.operation), " ", h("code", { class: "digest" }, record.query),
      record.change !== null && h("span", { class: "dim" }, ` · because of change ${record.change}`))];
}

const streams = {
  refreshes: () => new Rows({
    name: "refreshes", kinds: ["change", "refresh"], columns: ["when", "what", "because of", "to", "cost", "result"],
    row: refreshRow, detail: refreshDetail, empty: "Nothing has been refreshed yet. Subscribe to something, and change it.",
    words: (each) => `${each.operation ?? ""} ${each.cause} ${each.query ?? ""} ${each.outcome ?? "change"} ${each.error ?? ""} ${(each.touches ?? []).map((touch) => touch.table).join(" ")}`,
  }),
  events: () => new Rows({
    name: "events", kinds: ["event"], columns: ["when", "event", "to", "heard by", "size"],
    row: (each) => [h("time", {}, clock(each.at)), h("span", { class: "what" }, h("span", { class: "glyph" }, "◉"), h("b", {}, each.event)),
      h("span", { class: "why" }, audience(each)), h("span", { class: "num" }, each.receivers), h("span", { class: "num" }, bytes(each.bytes))],
    detail: (each) => ("data" in each ? json(each.data) : h("p", { class: "note" }, "What is in it is shown in development, up to 2 KiB.")),
    words: (each) => `${each.event} ${audience(each)}`, empty: "No event has been emitted yet.",
  }),
};

function audience(each) {
  if (each.audience === "role") return `role ${each.role}`;
  if (each.audience === "users") return Array.isArray(each.users) ? each.users.join(", ") : plural(each.users, "user");
  return "everybody";
}

function table(columns, rows, empty, name) {
  if (!rows.length) return h("p", { class: "empty-note" }, empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, h("table", { class: "plain" },
    h("thead", {}, h("tr", {}, columns.map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell)))))));
}

function queries(state) {
  const { live } = state;
  const shown = [...live.shown].sort((one, other) => other.watchers - one.watchers || one.operation.localeCompare(other.operation));
  return [table(["query", "watchers", "role", "state", "asked", "last took", "result", "reads"], shown.map((each) => [
    [h("a", { href: `#/operations/${each.operation}` }, each.operation), " ", h("code", { class: "digest" }, each.query.slice(0, 6))],
    h("b", {}, each.watchers), each.role, tag(each.state, each.failures ? "bad" : each.state === "idle" ? "plain" : "wake"), [each.asks, each.poll && h("span", { class: "dim" }, ` every ${seconds(each.poll)}`)], milliseconds(each.ms), bytes(each.bytes),
    each.reads.map((read) => (read.table ?? "anything") + (read.keys.length ? ` by ${read.keys.join(", ")}` : "")).join("; "),
  ]), "Nobody watches anything.", "Live queries"),
  live.count > live.shown.length && h("p", { class: "note" }, `The first ${live.shown.length} of ${live.count}.`)];
}

function connections(state) {
  const { connections: all } = state;
  return [table(["who", "transport", "since", "subscriptions", "token"], all.shown.map((each) => [
    h("b", {}, who(each.user, each.role)), each.transport, age(each.since, state.at), each.subscriptions,
    each.expires ? `for ${age(state.at, each.expires)}` : each.verified ? "good" : "none",
  ]), "Nobody is connected.", "Connections"),
  all.count > all.shown.length && h("p", { class: "note" }, `The first ${all.shown.length} of ${all.count}.`)];
}

// A line of the last minute, a point for each second.
function spark(values) {
  const most = Math.max(4, ...values);
  const points = values.map((value, place) => `${place * 2},${(22 - (20 * value) / most).toFixed(1)}`);
  return s("svg", { class: "spark", viewBox: "0 0 118 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "area", d: `M0,24 L${points.join(" L")} L118,24 Z` }), s("path", { class: "curve", d: `M${points.join(" L")}` }));
}

function figures(element, state) {
  const second = (name) => feed.rates[name].slice(-6, -1).reduce((sum, each) => sum + each, 0) / 5;
  const card = (name, value, note, values) => h("div", { class: "card" }, h("dt", {}, name), h("dd", {}, value, note && h("small", {}, note)), values && spark(values));
  put(element,
    card("refreshes", second("refresh").toFixed(second("refresh") < 10 ? 1 : 0), "a second", feed.rates.refresh),
    card("events", second("event").toFixed(second("event") < 10 ? 1 : 0), "a second", feed.rates.event),
    card("live queries", state ? count(state.live.count) : "…", state && plural(state.live.watchers, "watcher")),
    card("connections", state ? count(state.connections.count) : "…", ""),
    card("saved", state ? share(state.counters) : "…", "unchanged"));
}

function share(counters) {
  return counters.refreshes ? `${Math.round((100 * counters.equal) / counters.refreshes)}%` : "–";
}

export function liveView(_project, [tab], go) {
  const shown = ["refreshes", "queries", "connections", "events"].includes(tab) ? tab : "refreshes";
  const place = h("div", { class: "panel", role: "tabpanel" });
  const head = h("dl", { class: "cards" });
  let state = null;
  const rows = streams[shown]?.();
  if (rows) place.append(rows.element);
  const still = { queries, connections }[shown];
  const drawState = () => {
    figures(head, state);
    if (still && state && !place.contains(document.activeElement)) put(place, still(state));
  };
  async function ask() {
    try {
      state = await get("state");
      drawState();
    } catch {
      // The feed says what is wrong.
    }
  }
  let second = 0;
  const stop = feed.listen(() => {
    rows?.update();
    if (feed.rates.second !== second) {
      second = feed.rates.second;
      figures(head, state);
    }
  });
  const timer = setInterval(() => document.hidden || ask(), PAUSE);
  ask();
  figures(head, state);
  const entries = [["refreshes", "Refreshes"], ["queries", "Live queries"], ["connections", "Connections"], ["events", "Events"]];
  const element = h("div", { class: "page" }, h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Live"), head),
    tabs("Live", entries, shown, (name) => go(`live/${name}`, true)), place);
  return { element, leave: () => (stop(), clearInterval(timer)) };
}
