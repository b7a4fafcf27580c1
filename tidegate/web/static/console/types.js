// GraphQL's types as texts -> what a value must be, checked as the gateway checks it. It has the last word.

const WHOLE = new Set(["Int"]);
const TEXTS = new Set(["String", "ID", "DateTime", "Date", "Time", "Decimal", "BigInt", "UUID", "Bytes"]);
const SHAPES = {
  DateTime: [/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/, "a moment, as 2026-11-21T10:30:00Z"],
  Date: [/^\d{4}-\d\d-\d\d$/, "a day, as 2026-11-21"],
  Time: [/^\d\d:\d\d(:\d\d(\.\d+)?)?/, "a time, as 10:30:00"],
  UUID: [/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, "a UUID"],
  Decimal: [/^[+-]?\d+(\.\d+)?$/, "a number, as 12.50"],
  BigInt: [/^[+-]?\d+$/, "a whole number"],
};

// `[Status!]!` -> { list: {…}, required } or { name, required }.
export function parse(text) {
  const required = text.endsWith("!");
  const bare = required ? text.slice(0, -1) : text;
  if (bare.startsWith("[")) return { list: parse(bare.slice(1, -1)), required };
  return { name: bare, required };
}

export function named(type) {
  return type.list ? named(type.list) : type.name;
}

// What is wrong with a value, as a sentence; nothing if it is good. `path` says where inside of it.
export function flaw(type, value, types, path = "") {
  const at = path ? `${path}: ` : "";
  if (value === null || value === undefined) return type.required ? `${at}a value is needed.` : "";
  if (type.list) {
    const items = Array.isArray(value) ? value : [value];
    return first(items.map((item, place) => () => flaw(type.list, item, types, `${path}[${place}]`)));
  }
  const found = types[type.name];
  if (found?.kind === "enum") {
    return value in found.values ? "" : `${at}one of ${Object.keys(found.values).slice(0, 8).join(", ")}.`;
  }
  if (found?.kind === "input") return inputFlaw(found, value, types, path);
  return scalarFlaw(type.name, value, at);
}

function first(checks) {
  for (const check of checks) {
    const found = check();
    if (found) return found;
  }
  return "";
}

function inputFlaw(input, value, types, path) {
  const at = path ? `${path}: ` : "";
  if (typeof value !== "object" || Array.isArray(value)) return `${at}an object, as {"name": …}.`;
  const fields = new Map(input.fields.map((field) => [field.name, field]));
  const strange = Object.keys(value).find((name) => !fields.has(name));
  if (strange) return `${at}there is no field ${strange}. Known: ${[...fields.keys()].slice(0, 12).join(", ")}.`;
  return first([...fields.values()].map((field) => () => {
    const inner = path ? `${path}.${field.name}` : field.name;
    if (!(field.name in value)) return field.required ? `${inner}: a value is needed.` : "";
    return flaw(parse(field.type), value[field.name], types, inner);
  }));
}

function scalarFlaw(name, value, at) {
  if (name === "JSON") return "";
  if (name === "Boolean") return typeof value === "boolean" ? "" : `${at}true or false.`;
  if (WHOLE.has(name)) return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? "" : `${at}a whole number.`;
  if (name === "Float") return typeof value === "number" && Number.isFinite(value) ? "" : `${at}a number.`;
  if (TEXTS.has(name) && typeof value !== "string" && !(name !== "String" && typeof value === "number")) {
    return `${at}a text.`;
  }
  const shape = SHAPES[name];
  return shape && !shape[0].test(String(value)) ? `${at}${shape[1]}.` : "";
}

// Something to begin with: the fields that are needed.
export function skeleton(type, types, depth = 0) {
  if (type.list) return depth ? [] : [skeleton(type.list, types, depth + 1)];
  const found = types[type.name];
  if (found?.kind === "enum") return Object.keys(found.values)[0];
  if (found?.kind === "input") {
    if (depth > 3) return {};
    const needed = found.fields.filter((field) => field.required);
    return Object.fromEntries(needed.map((field) => [field.name, skeleton(parse(field.type), types, depth + 1)]));
  }
  return { Int: 0, Float: 0, Boolean: false }[type.name] ?? "";
}
