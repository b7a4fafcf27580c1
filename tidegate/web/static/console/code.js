// Code in colour: JSON, SQL and GraphQL. Each piece is a text node in an element of a class.

import { h } from "./dom.js";

const LONGEST = 100_000;

const JSON_PIECES = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
const SQL_PIECES = /('(?:[^']|'')*')|(--[^\n]*)|([$:?@]\w*|\?)|\b(\d+(?:\.\d+)?)\b|("(?:[^"]|"")*")|\b(select|from|where|and|or|not|in|is|null|as|on|join|left|inner|outer|lateral|order|group|by|limit|offset|insert|into|values|update|set|delete|returning|case|when|then|else|end|with|exists|distinct|having|union|all|asc|desc|like|between|coalesce|cast|count|sum|avg|min|max|true|false|over|partition|for|begin|commit)\b/gi;
const GRAPHQL_PIECES = /("(?:[^"\\]|\\.)*")|(#[^\n]*)|(\$\w+)|\b(\d+)\b|\b(query|mutation|subscription|fragment|on|true|false|null)\b/g;

function pieces(text, pattern, classify) {
  const made = [];
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > last) made.push(text.slice(last, match.index));
    made.push(...classify(match));
    last = match.index + match[0].length;
  }
  made.push(text.slice(last));
  return made;
}

const as = (name, text) => h("span", { class: `c-${name}` }, text);

function block(text, language, pattern, classify) {
  const shown = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  const code = h("code", {}, pieces(shown, pattern, classify));
  const rest = text.length > LONGEST && h("p", { class: "note" }, `${text.length - LONGEST} more characters are not shown.`);
  return h("div", { class: "code" }, h("pre", { tabindex: "0", "aria-label": language }, code), rest);
}

export function json(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "null";
  return block(text, "JSON", JSON_PIECES, ([whole, string, colon, word, number]) => {
    if (string && colon) return [as("key", string), colon];
    if (string) return [as("string", string)];
    if (word) return [as("word", word)];
    return number ? [as("number", number)] : [whole];
  });
}

export function sql(text) {
  return block(text, "SQL", SQL_PIECES, ([whole, string, comment, hole, number, name, word]) => {
    if (string) return [as("string", string)];
    if (comment) return [as("comment", comment)];
    if (hole) return [as("hole", hole)];
    if (number) return [as("number", number)];
    if (name) return [as("name", name)];
    return word ? [as("word", whole)] : [whole];
  });
}

export function graphql(text) {
  return block(text, "GraphQL", GRAPHQL_PIECES, ([whole, string, comment, variable, number, word]) => {
    if (string) return [as("string", string)];
    if (comment) return [as("comment", comment)];
    if (variable) return [as("hole", variable)];
    if (number) return [as("number", number)];
    return word ? [as("word", whole)] : [whole];
  });
}

// A document on several lines.
export function laidOut(document) {
  let depth = 0;
  return document.replace(/\s*([{}])\s*/g, (_, brace) => {
    if (brace === "{") return ` {\n${"  ".repeat(++depth)}`;
    return `\n${"  ".repeat(--depth)}}${depth ? `\n${"  ".repeat(depth)}` : ""}`;
  }).replace(/\n\s*\n/g, "\n").replace(/^ /, "").split("\n").map((line) => line.trimEnd()).join("\n");
}
