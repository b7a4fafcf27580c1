// What went wrong lately: what clients were told, and in development what the log says of it.

import { h } from "./dom.js";
import { feed } from "./feed.js";
import { clock } from "./format.js";
import { Rows } from "./rows.js";

const LEVELS = { warning: "warn", error: "bad", critical: "bad" };

function row(each) {
  if (each.kind === "log") {
    // Whose call it was is told when it unfolds.
    const message = each.message.replace(/^Call [0-9a-f]{32}: /, "");
    return [h("time", {}, clock(each.at)), h("span", { class: `tag ${LEVELS[each.level] ?? "plain"}` }, each.level),
      h("span", { class: "what" }, h("code", {}, each.logger.replace(/^tidegate\./, ""))), h("span", { class: "why" }, message)];
  }
  return [h("time", {}, clock(each.at)), h("span", { class: "tag bad" }, each.code), h("span", { class: "what" }, h("b", {}, each.operation || "the document")),
    h("span", { class: "why" }, each.message)];
}

function detail(project, each) {
  if (each.kind === "log") {
    return [h("p", {}, each.message), each.trace && h("pre", { class: "stack", tabindex: "0" }, each.trace)];
  }
  const inner = each.call ? feed.rings.get("log").filter((line) => line.message.includes(each.call)) : [];
  const known = project.operations.some((operation) => operation.name === each.operation);
  return [
    h("p", {}, each.message),
    h("p", {}, h("span", { class: "dim" }, "as "), each.role, each.call && [h("span", { class: "dim" }, " · call "), h("code", {}, each.call)],
      known && [h("span", { class: "dim" }, " · "), h("a", { href: `#/operations/${each.operation}` }, each.operation)]),
    inner.map((line) => [h("p", { class: "note" }, line.message), line.trace && h("pre", { class: "stack", tabindex: "0" }, line.trace)]),
    each.code === "INTERNAL" && !inner.length && h("p", { class: "note" }, "The log has more under this call's id."),
  ];
}

export function errorsView(project) {
  const rows = new Rows({
    name: "errors", kinds: ["error", "log"], columns: ["when", "code", "where", "what"],
    row, detail: (each) => detail(project, each), empty: "Nothing has gone wrong.",
    words: (each) => `${each.code ?? each.level} ${each.operation ?? each.logger} ${each.message} ${each.role ?? ""} ${each.call ?? ""}`,
  });
  const stop = feed.listen(() => rows.update());
  const element = h("div", { class: "page" }, h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, "Errors"),
    h("p", { class: "lead" }, project.author
      ? "What clients were told, with what the log says of it."
      : "What clients were told. The log has what is behind it.")), h("div", { class: "panel" }, rows.element));
  return { element, leave: stop };
}
