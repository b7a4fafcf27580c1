// A form made from the types of an operation's arguments. A field that is left empty is not sent.

import { h, tag } from "./dom.js";
import { flaw, named, parse, skeleton } from "./types.js";

const NUMBERS = new Set(["Int", "Float"]);
const KEPT = new Map();

function choices(values, required, shown) {
  const none = required && shown !== undefined ? [] : [["", "not sent"]];
  return [...none, ...values].map(([value, words]) =>
    h("option", { value, selected: value === shown || undefined }, words));
}

// A control, and `read()`: its value, undefined if it is not sent. Throws a sentence for what cannot be read.
function control(argument, type, types, id, before) {
  const single = !type.list;
  const found = types[type.name];
  if (single && found?.kind === "enum") {
    const values = Object.entries(found.values).map(([name, words]) => [name, words ? `${name} · ${words}` : name]);
    const field = h("select", { id }, choices(values, argument.required, before));
    return { field, read: () => field.value || undefined };
  }
  if (single && type.name === "Boolean") {
    const field = h("select", { id }, choices([["true", "true"], ["false", "false"]], argument.required, before));
    return { field, read: () => (field.value ? field.value === "true" : undefined) };
  }
  if (single && NUMBERS.has(type.name)) {
    const field = h("input", { id, inputmode: "decimal", value: before ?? "", autocomplete: "off" });
    return { field, read: () => number(field.value) };
  }
  if (single && found?.kind !== "input" && type.name !== "JSON") {
    const hidden = argument.private ? { type: "password", autocomplete: "new-password" } : { autocomplete: "off" };
    const long = type.name === "String" && !argument.private;
    const field = long
      ? h("textarea", { id, rows: "1", value: before ?? "", spellcheck: "false" })
      : h("input", { id, value: before ?? "", spellcheck: "false", ...hidden });
    const empty = h("input", { type: "checkbox", id: `${id}-empty` });
    const extra = type.name === "String" && h("label", { class: "empty", for: `${id}-empty` }, empty, "send empty text");
    return { field, extra, read: () => field.value || (empty.checked ? "" : undefined) };
  }
  const start = argument.required ? JSON.stringify(skeleton(type, types), null, 2) : "";
  const field = h("textarea", { id, rows: "2", class: "mono", value: before ?? start, spellcheck: "false", placeholder: "JSON" });
  return { field, read: () => readJson(field.value) };
}

function number(text) {
  if (!text.trim()) return undefined;
  const value = Number(text.trim());
  if (Number.isNaN(value)) throw new Error("a number.");
  return value;
}

function readJson(text) {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`this is not JSON yet (${error.message.replace(/^JSON\.parse: |in JSON /g, "")}).`);
  }
}

function check(argument, type, types, made) {
  try {
    const value = made.read();
    if (value === undefined) {
      return [undefined, argument.required ? "a value is needed." : ""];
    }
    return [value, flaw(type, value, types)];
  } catch (error) {
    return [undefined, error.message];
  }
}

// `element`, and `read()`: the arguments, or null where something is wrong, which is then shown.
export function argumentForm(operation, types) {
  const before = KEPT.get(operation.name) ?? {};
  const rows = operation.arguments.map((argument) => {
    const type = parse(argument.type);
    const id = `argument-${argument.name}`;
    const made = control(argument, type, types, id, before[argument.name]);
    const trouble = h("p", { class: "trouble", id: `${id}-trouble`, role: "alert" });
    made.field.setAttribute("aria-describedby", `${id}-note ${id}-trouble`);
    const validate = (always) => {
      const [value, wrong] = check(argument, type, types, made);
      const shown = wrong && (always || made.field.value.trim()) ? wrong : "";
      trouble.textContent = shown && shown[0].toUpperCase() + shown.slice(1);
      made.field.setAttribute("aria-invalid", String(Boolean(shown)));
      return [value, wrong];
    };
    made.field.addEventListener("input", () => {
      if (!argument.private) KEPT.set(operation.name, { ...KEPT.get(operation.name), [argument.name]: made.field.value });
      if (trouble.textContent) validate(false);
    });
    made.field.addEventListener("blur", () => validate(false));
    const fallback = "default" in argument ? `default ${JSON.stringify(argument.default)}` : "";
    const inner = types[named(type)]?.description;
    const note = [argument.description, fallback, !argument.description && inner].filter(Boolean).join(" · ");
    const element = h("div", { class: "field" },
      h("label", { for: id }, h("b", {}, argument.name), " ", h("code", { class: "type" }, argument.type),
        argument.required && tag("needed", "needed"), argument.private && tag("private", "private", "Kept out of logs and of the history")),
      made.field, made.extra, h("p", { class: "note", id: `${id}-note` }, note), trouble);
    return { argument, element, validate, field: made.field };
  });
  return {
    element: h("div", { class: "fields" }, rows.length
      ? rows.map((row) => row.element)
      : h("p", { class: "note" }, "It takes no arguments.")),
    read() {
      const values = {};
      let first = null;
      for (const row of rows) {
        const [value, wrong] = row.validate(true);
        if (wrong) first ??= row.field;
        else if (value !== undefined) values[row.argument.name] = value;
      }
      first?.focus();
      return first ? null : values;
    },
  };
}
