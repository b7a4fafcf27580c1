// Values as an author wants to see them, bounded in every direction: nothing a program hands over makes this long, deep
// or endless, or runs its getters.
const MOST_DEEP = 4;
const MOST_ITEMS = 100;
const MOST_NODES = 2000;
const MOST_TEXT = 8192;

function inspect(value, room, depth, above) {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return symbolText(value);
    case "number":
      return value === 0 && 1 / value < 0 ? "-0" : `${value}`;
    case "object":
      if (value !== null) break;
      return "null";
    case "function":
      break;
    default:
      return `${value}`;
  }
  room.nodes -= 1;
  if (room.nodes < 0) return "…";
  for (let at = above; at !== null; at = at.above) if (at.value === value) return "[Circular]";
  try {
    return inspectObject(value, room, depth, { value, above });
  } catch {
    return "[Unreadable]";
  }
}

function inspectObject(value, room, depth, above) {
  if (typeof value === "function") return `[Function: ${ownText(value, "name") || "anonymous"}]`;
  if (isError(value)) return errorText(value);
  const date = attempt(() => dateText(value));
  if (date !== undefined) return date;
  const expression = attempt(() => regexText(value));
  if (expression !== undefined) return expression;
  const array = isArray(value);
  const name = className(value);
  if (depth >= MOST_DEEP) return array ? "[Array]" : `[${name || "Object"}]`;
  const inner = (item) => inspect(item, room, depth + 1, above);
  const size = attempt(() => mapSize(value)) ?? attempt(() => setSize(value));
  const items = [];
  const add = (text) => {
    items[items.length] = text;
  };
  const prefix = name && name !== "Object" && name !== "Array" ? (size === undefined ? `${name} ` : `${name}(${size}) `) : "";
  if (size !== undefined) {
    const pairs = attempt(() => mapSize(value)) !== undefined;
    const each = (item, key) => {
      if (items.length < MOST_ITEMS) add(pairs ? `${inner(key)} => ${inner(item)}` : inner(item));
    };
    if (pairs) mapEach(value, each);
    else setEach(value, each);
    if (size > MOST_ITEMS) add(`… ${size - MOST_ITEMS} more`);
    return `${prefix}{${spaced(items)}}`;
  }
  if (array) {
    const length = value.length;
    for (let index = 0; index < length && index < MOST_ITEMS; index += 1) {
      const own = getOwnPropertyDescriptor(value, index);
      add(own === undefined ? "<empty>" : own.get || own.set ? "[Getter]" : inner(own.value));
    }
    if (length > MOST_ITEMS) add(`… ${length - MOST_ITEMS} more`);
    return `${prefix}[${spaced(items)}]`;
  }
  const names = ownKeys(value);
  for (let index = 0; index < names.length; index += 1) {
    if (items.length >= MOST_ITEMS) {
      add(`… ${names.length - index} more`);
      break;
    }
    const own = getOwnPropertyDescriptor(value, names[index]);
    if (own === undefined || !own.enumerable) continue;
    const label = typeof names[index] === "symbol" ? `[${symbolText(names[index])}]` : plainName(names[index]);
    add(`${label}: ${own.get || own.set ? "[Getter]" : inner(own.value)}`);
  }
  return `${prefix}{${spaced(items)}}`;
}

const isError = NativeError.isError;
const symbolText = unbound(Symbol.prototype.toString);
const dateText = unbound(Date.prototype.toISOString);
const isWord = unbound(RegExp.prototype.test);
const regexSource = unbound(getOwnPropertyDescriptor(RegExp.prototype, "source").get);
const regexFlag = unbound(getOwnPropertyDescriptor(RegExp.prototype, "flags").get);
const mapSize = unbound(getOwnPropertyDescriptor(Map.prototype, "size").get);
const setSize = unbound(getOwnPropertyDescriptor(Set.prototype, "size").get);
const mapEach = unbound(Map.prototype.forEach);
const setEach = unbound(Set.prototype.forEach);
const RegExpPrototype = RegExp.prototype;

function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function regexText(value) {
  // The getter answers for the prototype too, which is no expression.
  return value === RegExpPrototype ? undefined : `/${regexSource(value)}/${regexFlag(value)}`;
}

function ownText(value, name) {
  const own = getOwnPropertyDescriptor(value, name);
  return own !== undefined && typeof own.value === "string" ? own.value : "";
}

function className(value) {
  const prototype = getPrototypeOf(value);
  if (prototype === null) return "";
  const made = getOwnPropertyDescriptor(prototype, "constructor");
  return made !== undefined && typeof made.value === "function" ? ownText(made.value, "name") : "";
}

function quoted(text) {
  return stringify(text.length > MOST_TEXT ? `${slice(text, 0, MOST_TEXT)}…` : text);
}

function plainName(name) {
  return isWord(/^[\w$]+$/, name) ? name : quoted(name);
}

function spaced(items) {
  let text = "";
  for (let index = 0; index < items.length; index += 1) text += (index ? ", " : " ") + items[index];
  return text && `${text} `;
}

function errorText(error) {
  const { name, message } = describe(error);
  const frames = stackOf(error);
  return `${name}: ${message}${frames ? `\n${frames}` : ""}`;
}

function line(given) {
  const room = { nodes: MOST_NODES };
  let text = "";
  for (let index = 0; index < given.length && text.length <= MOST_TEXT; index += 1) {
    const value = given[index];
    text += (index ? " " : "") + (typeof value === "string" ? value : inspect(value, room, 0, null));
  }
  return toWellFormed(text.length > MOST_TEXT ? slice(text, 0, MOST_TEXT) + "…" : text);
}

{
  const write =
    (level) =>
    (...given) => {
      answer(">", '{"level":"' + level + '","text":' + stringify(line(given)) + "}");
    };
  const log = write("log");
  provide("console", { log, info: log, debug: log, warn: write("warn"), error: write("error") });
}
