// The project's operations: a list to search in, and one of them in full.

import { h, put, tag } from "./dom.js";
import { kindOf, operationView } from "./operation.js";

const FILTERS = [["all", "All"], ["query", "Query"], ["mutation", "Mutation"], ["function", "Function"], ["live", "Live"]];
const kept = { text: "", filter: "all" };

function fits(operation, filter) {
  if (filter === "all") return true;
  if (filter === "live") return Boolean(operation.live);
  return filter === "function" ? operation.function : operation.kind === filter;
}

// The better, the lower; none where it does not fit. Letters in order are enough for a name.
function rank(operation, text) {
  if (!text) return 0;
  const name = operation.name.toLowerCase();
  const place = name.indexOf(text);
  if (place >= 0) return place ? 1 : 0;
  const rest = [operation.description, operation.at, operation.minRole, operation.returns, ...operation.arguments.map((each) => each.name)];
  if (rest.join(" ").toLowerCase().includes(text)) return 2;
  let at = -1;
  for (const letter of text) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return null;
  }
  return 3;
}

function found(project) {
  const text = kept.text.trim().toLowerCase();
  return project.operations
    .filter((operation) => fits(operation, kept.filter))
    .map((operation) => [rank(operation, text), operation])
    .filter(([place]) => place !== null)
    .sort(([one, first], [other, second]) => one - other || (text ? 0 : first.at.localeCompare(second.at, undefined, { numeric: true })))
    .map(([, operation]) => operation);
}

// A long name goes on in the next line where a word of it begins.
function breakable(name) {
  return name.split(/(?<=[a-z0-9_])(?=[A-Z])/).flatMap((word, place) => (place ? [h("wbr"), word] : [word]));
}

function entry(operation, chosen) {
  return h("li", {}, h("a", {
    href: `#/operations/${operation.name}`, class: "entry", "aria-current": operation.name === chosen ? "page" : undefined,
  },
  h("span", { class: `dot ${kindOf(operation)}`, title: kindOf(operation) }),
  h("span", { class: "entry-name" }, breakable(operation.name)),
  operation.live && h("span", { class: "live-mark", title: "live" }, "≈"),
  h("span", { class: "entry-role" }, operation.minRole)));
}

function listOf(project, chosen) {
  const text = kept.text.trim();
  const shown = found(project);
  if (!shown.length) return h("p", { class: "empty-note" }, "No operation is like this.");
  if (text) return h("ul", { class: "entries" }, shown.map((each) => entry(each, chosen)));
  const files = new Map();
  for (const each of shown) {
    const file = each.at.replace(/:\d+$/, "");
    files.set(file, [...(files.get(file) ?? []), each]);
  }
  return [...files].map(([file, each]) => h("section", {}, h("h2", { class: "file" }, file.replace(/^operations\//, "")),
    h("ul", { class: "entries" }, each.map((operation) => entry(operation, chosen)))));
}

export function operationsView(project, [name, tab], go) {
  const known = project.operations.find((operation) => operation.name === name);
  const list = h("nav", { class: "list-body", "aria-label": "Operations" });
  const redraw = () => put(list, listOf(project, name));
  const search = h("input", {
    type: "search", id: "search", class: "search", placeholder: "Search operations", "aria-label": "Search operations",
    value: kept.text, autocomplete: "off", spellcheck: "false", "data-slash": true,
    oninput: () => {
      kept.text = search.value;
      redraw();
    },
    onkeydown: (event) => {
      if (event.key === "Enter") list.querySelector("a")?.click();
      if (event.key === "Escape" && search.value) {
        event.stopPropagation();
        kept.text = search.value = "";
        redraw();
      }
    },
  });
  const filters = h("div", { class: "chips", role: "group", "aria-label": "Kinds" }, FILTERS.map(([each, words]) => h("button", {
    type: "button", class: "chip", "aria-pressed": String(each === kept.filter),
    onclick: (event) => {
      kept.filter = each;
      for (const chip of filters.children) chip.setAttribute("aria-pressed", String(chip === event.currentTarget));
      redraw();
    },
  }, words)));
  redraw();
  const detail = known
    ? operationView(project, known, tab, (chosen) => go(`operations/${name}/${chosen}`, true))
    : h("div", { class: "welcome" }, h("h2", {}, name ? `There is no ${name}.` : "Operations"),
      h("p", { class: "lead" }, `${project.name} has ${project.operations.length}. Choose one to see what it asks, to draw it, and to run it.`),
      h("p", { class: "keys" }, h("kbd", {}, "/"), " search ", h("kbd", {}, "↑"), h("kbd", {}, "↓"), " move ", h("kbd", {}, "Enter"), " open ", h("kbd", {}, "Esc"), " back"),
      h("p", { class: "tags" }, [["query", "queries"], ["mutation", "mutations"]].map(([kind, words]) =>
        tag(`${project.operations.filter((each) => each.kind === kind).length} ${words}`, kind)),
      tag(`${project.operations.filter((each) => each.function).length} functions`, "function")));
  return h("div", { class: `split ${known ? "has-detail" : ""}` },
    h("div", { class: "list" }, h("div", { class: "list-head" }, !known && h("h1", { class: "unseen", tabindex: "-1" }, "Operations"), search, filters), list),
    h("div", { class: "detail" }, known && h("a", { class: "back", href: "#/operations" }, "‹ Operations"), detail));
}
