// One operation in full: what it is, what it asks of the outside world, its picture, and a way to run it.

import { get } from "./api.js";
import { graphql, laidOut, sql } from "./code.js";
import { copier, h, put, tabs, tag } from "./dom.js";
import { seconds } from "./format.js";
import { runner } from "./running.js";
import { spinner } from "./steps.js";

const details = new Map();

export function forgetDetails() {
  details.clear();
}

function detailOf(name, role) {
  return kept(`operations/${encodeURIComponent(name)}${role ? `?role=${encodeURIComponent(role)}` : ""}`);
}

async function kept(path) {
  if (!details.has(path)) {
    details.set(path, get(path).catch((error) => {
      details.delete(path);
      throw error;
    }));
  }
  return details.get(path);
}

export function kindOf(operation) {
  return operation.function ? "function" : operation.kind;
}

function head(operation, project) {
  const triggers = project.triggers.filter((each) => each.operation === operation.name);
  return h("header", { class: "head" },
    h("h1", { tabindex: "-1" }, operation.name),
    h("p", { class: "tags" },
      tag(operation.kind, operation.kind), operation.function && tag("function", "function"),
      tag(operation.minRole, "role", "The lowest role that may call it"),
      operation.live && tag("live", "live", `At most every ${seconds(operation.live.throttle)}`),
      operation.deprecated && tag("deprecated", "warn", operation.deprecated),
      triggers.map((each) => tag(each.schedule ?? each.webhook, "plain", each.schedule ? "On a schedule" : "Behind a webhook"))),
    operation.description && h("p", { class: "lead" }, operation.description),
    h("p", { class: "where" }, h("code", {}, operation.at), copier(() => operation.at, "Copy place")));
}

function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function overview(operation, project, place) {
  const refresh = operation.refresh;
  put(place,
    operation.arguments.length > 0 && h("section", {}, h("h2", { class: "sub" }, "Arguments"),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Arguments" }, h("table", { class: "plain" },
        h("thead", {}, h("tr", {}, ["name", "type", "default", "meaning"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", {}, operation.arguments.map((each) => h("tr", {},
          h("th", { scope: "row" }, h("code", {}, each.name), each.private && tag("private", "private")),
          h("td", {}, h("code", { class: "type" }, each.type)),
          h("td", {}, "default" in each ? h("code", {}, JSON.stringify(each.default)) : ""),
          h("td", {}, meaning(each, project)))))))),
    facts([
      ["returns", h("code", { class: "type" }, operation.returns)],
      operation.integrations.length > 0 && ["asks", operation.integrations.join(", ")],
      operation.transaction && ["transaction", `of ${operation.transaction}`],
      ["time", `at most ${seconds(operation.timeout)}`],
      operation.kind === "query" && ["live", operation.live
        ? `yes, at most every ${seconds(operation.live.throttle)}${operation.live.groups.length ? `; in ${operation.live.groups.join(", ")}` : ""}`
        : "no"],
      operation.kind === "mutation" && ["refreshes", refresh.derived
        ? `whatever its writes concern${refresh.queries.length ? `, and ${refresh.queries.join(", ")}` : ""}`
        : refresh.queries.join(", ") || "nothing: its author says so"],
    ]));
  const told = h("div", {}, spinner("Finding out what refreshes what. Of a large project it takes a while, once."));
  const called = h("div");
  place.append(told, called);
  const fail = (at) => (error) => put(at, h("p", { class: "failure" }, error.message));
  kept(`operations/${encodeURIComponent(operation.name)}/refreshing`).then((found) => put(told, concerns(operation, found)), fail(told));
  detailOf(operation.name).then((detail) => put(called, document(detail)), fail(called));
}

function meaning(argument, project) {
  const name = argument.type.replaceAll(/[[\]!]/g, "");
  const found = project.types[name];
  const values = found?.kind === "enum" && Object.keys(found.values).slice(0, 8).join(" · ");
  return argument.description || values || "";
}

function concerns(operation, told) {
  const links = (names) => h("p", { class: "links" }, names.map((name) => h("a", { href: `#/operations/${name}` }, name)));
  const queries = operation.kind === "query";
  return h("section", { class: "concerns" },
    h("h2", { class: "sub" }, queries ? "Reads" : "Writes", told.grade && tag(told.grade, `grade-${told.grade}`, "How closely it is watched")),
    queries
      ? h("ul", { class: "reads" }, told.reads.map((read) => h("li", {},
        h("b", {}, read.table ?? "anything"), read.where.length ? " where " : read.table ? ", any row" : "",
        read.where.map((each, place) => [place > 0 && " and ", h("code", {}, `${each.column} = ${each.values.join(", ")}`), each.optional && " (if sent)"]),
        read.columns && h("span", { class: "columns" }, read.columns.join(" ")))))
      : h("ul", { class: "reads" }, told.touches.length
        ? told.touches.map((touch) => h("li", {}, h("b", {}, touch.table ?? "anything"),
          h("span", { class: "columns" }, touch.columns ? touch.columns.join(" ") : "whole rows")))
        : h("li", {}, "no table that is known")),
    told.why && h("p", { class: "note" }, `Because ${told.why}.`),
    h("h2", { class: "sub" }, queries ? "Is refreshed by" : "May refresh"),
    told.others.length ? links(told.others) : h("p", { class: "note" }, "Nothing."),
    told.more.length > 0 && [h("h3", {}, "With relations or a higher role, also"), links(told.more)]);
}

function document(detail) {
  return h("section", {}, h("h2", { class: "sub" }, "A document that calls it"), graphql(laidOut(detail.document)), copier(() => laidOut(detail.document)));
}

function part(step) {
  return h("li", { class: `part ${step.tone}` },
    h("div", { class: "part-head" }, h("b", {}, step.title),
      step.notes.map((note) => h("span", { class: "part-note" }, note)),
      step.place && h("code", { class: "place" }, step.place)),
    step.asked.map((asked) => [asked.words && h("p", { class: "note" }, asked.words), sql(asked.text)]),
    step.arms.map((arm) => [
      arm.label && h("p", { class: "arm" }, arm.label),
      h("ol", { class: "parts" }, arm.steps.length ? arm.steps.map(part) : h("li", { class: "part" }, h("i", {}, "nothing"))),
    ]));
}

async function plan(operation, project, place, role) {
  put(place, spinner("Compiling…"));
  const roles = project.roles.slice(project.roles.indexOf(operation.minRole));
  try {
    const detail = await detailOf(operation.name, role);
    const select = h("select", { id: "plan-role", onchange: () => plan(operation, project, place, select.value) },
      roles.map((each) => h("option", { value: each, selected: each === detail.role || undefined }, each)));
    put(place,
      h("p", { class: "bar-line" }, h("label", { for: "plan-role" }, "As"), select,
        h("span", { class: "note" }, "All fields that are not relations. Nothing of this is ever told to a client.")),
      h("ol", { class: "parts" }, detail.steps.map(part), detail.handler && part(detail.handler)));
  } catch (error) {
    put(place, h("p", { class: "failure" }, error.message));
  }
}

async function diagram(operation, place) {
  put(place, spinner("Drawing…"));
  try {
    const detail = await detailOf(operation.name);
    const told = description(detail.svg);
    const image = h("img", {
      class: "diagram", alt: told, src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(detail.svg)}`,
    });
    put(place, h("p", { class: "bar-line" }, copier(() => detail.mermaid, "Copy as Mermaid"), copier(() => detail.svg, "Copy as SVG")),
      h("div", { class: "canvas", tabindex: "0", role: "region", "aria-label": "Diagram" }, image));
  } catch (error) {
    put(place, h("p", { class: "failure" }, error.message));
  }
}

function description(svg) {
  const found = /<desc[^>]*>([^<]*)<\/desc>/.exec(svg);
  return (found?.[1] ?? "").replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}

export function operationView(project, operation, tab, choose) {
  const place = h("div", { class: "panel", role: "tabpanel" });
  const entries = [["overview", "Overview"], ["run", "Run"], ["plan", "Plan"], ["diagram", "Diagram"]];
  const shown = entries.some(([name]) => name === tab) ? tab : "overview";
  const draw = {
    overview: () => overview(operation, project, place),
    run: () => put(place, runner(project, operation)),
    plan: () => plan(operation, project, place),
    diagram: () => diagram(operation, place),
  };
  draw[shown]();
  return h("article", { class: "operation" }, head(operation, project), tabs("Operation", entries, shown, choose), place);
}
