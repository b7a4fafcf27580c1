// The steps of a run, below each other: what it was, how it went, when and for how long; values and logs unfold.

import { h, icon, put, tag } from "./dom.js";
import { json } from "./code.js";
import { bytes, seconds } from "./format.js";

const WORDS = { ask: "use", run: "code", invoke: "call", branch: "if", attempt: "try" };
export const MOST = 400;

// As `tidegate run` says it: a step that failed only because of one within it has the code alone.
function failureOf(step, inner) {
  const { failure } = step;
  if (!failure) return null;
  const known = inner.some((each) => each.failure?.code === failure.code && each.failure?.message === failure.message);
  return h("p", { class: "failure" }, h("b", {}, failure.code), !known && ` ${failure.message}`,
    !known && failure.place && h("code", { class: "place" }, failure.place));
}

function detail(step, lines) {
  const parts = [];
  for (const line of lines) {
    parts.push(h("p", { class: `line ${line.level}` }, h("span", { class: "level" }, line.level), line.text));
  }
  if (step.failure?.stack) parts.push(h("pre", { class: "stack", tabindex: "0" }, step.failure.stack));
  if ("value" in step) parts.push(json(step.value));
  else if (step.size !== undefined && step.size !== null) parts.push(h("p", { class: "note" }, `It gave ${bytes(step.size)}.`));
  return parts;
}

function row(step, depth, total, open, inner, lines) {
  const going = step.seconds === null || step.seconds === undefined;
  const state = step.failure ? "failed" : going ? "going" : "done";
  const mark = { failed: "✗", going: "…", done: "✓" }[state];
  const parts = detail(step, lines);
  const word = WORDS[step.kind] ?? step.kind;
  const left = total ? (100 * step.started) / total : 0;
  const width = total ? Math.max(0.6, (100 * (step.seconds ?? total - step.started)) / total) : 0;
  const head = [
    h("span", { class: "mark", "aria-label": { failed: "failed", going: "under way", done: "done" }[state] }, mark),
    h("span", { class: "label" }, step.label, word !== step.label && h("span", { class: "kind" }, word)),
    step.attempts > 1 && tag(`${step.attempts} attempts`, "warn"),
    lines.length > 0 && tag(`${lines.length} ${lines.length === 1 ? "line" : "lines"}`, "plain"),
    h("span", { class: "bar", vars: { left: `${left}%`, width: `${Math.min(width, 100 - left)}%` }, "aria-hidden": "true" }),
    h("span", { class: "time" }, seconds(step.seconds)),
    h("code", { class: "place", title: step.at }, step.at?.replace(/:\d+$/, "")),
  ];
  const element = parts.length
    ? h("details", { open: open || undefined }, h("summary", {}, head), h("div", { class: "inside" }, parts))
    : h("div", { class: "flat" }, head);
  return h("li", { class: `step ${state}`, "data-number": step.number, vars: { depth: String(depth) } }, element, failureOf(step, inner));
}

// `run`: steps with number and parent, and lines with the number of their step.
export function stepList(run, opened = new Set()) {
  const byParent = Map.groupBy ? Map.groupBy(run.steps, (step) => step.parent) : group(run.steps);
  const ends = run.steps.map((step) => step.started + (step.seconds ?? 0));
  const total = run.seconds ?? Math.max(0, ...ends);
  const rows = [];
  const visit = (parent, depth) => {
    for (const step of byParent.get(parent) ?? []) {
      if (rows.length >= MOST) return;
      const lines = run.lines.filter((line) => line.step === step.number);
      rows.push(row(step, depth, total, opened.has(step.number), byParent.get(step.number) ?? [], lines));
      visit(step.number, depth + 1);
    }
  };
  visit(0, 0);
  const hidden = run.steps.length - rows.length + (run.skipped ?? 0);
  return [
    h("ol", { class: "steps" }, rows),
    hidden > 0 && h("p", { class: "note" }, `${hidden} more steps are not shown.`),
  ];
}

function group(steps) {
  const found = new Map();
  for (const step of steps) found.set(step.parent, [...(found.get(step.parent) ?? []), step]);
  return found;
}

// Draws a run again and again as it goes on, at most once for each frame.
export class Trace {
  constructor() {
    this.element = h("div", { class: "trace" });
    this.run = { steps: [], lines: [], seconds: null };
    this.waiting = false;
  }

  tell(event, data) {
    const { steps, lines } = this.run;
    if (event === "begun") steps.push(data);
    else if (event === "stepped") Object.assign(steps.find((step) => step.number === data.number) ?? {}, data);
    else if (event === "line") lines.push(data);
    else if (event === "ended") {
      this.run.seconds = data.seconds;
      this.run.skipped = data.untold.steps;
    }
    else return;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      // What somebody has unfolded stays so.
      const unfolded = [...this.element.querySelectorAll("details[open]")].map((each) => Number(each.parentElement.dataset.number));
      const failed = steps.filter((step) => step.failure).map((step) => step.number);
      put(this.element, stepList(this.run, new Set([...failed, ...unfolded])));
    });
  }
}

export function spinner(words) {
  return h("p", { class: "spinner", role: "status" }, icon("live"), words);
}
