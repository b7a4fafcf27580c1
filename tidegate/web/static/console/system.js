// What the gateway stands on: its integrations, the sandbox, and what it has done.

import { get } from "./api.js";
import { button, h, put, tag } from "./dom.js";
import { age, count, milliseconds, plural, seconds } from "./format.js";
import { spinner } from "./steps.js";

const LAYERS = {
  user: "a user of its own", privileges: "no new privileges", files: "no files (Landlock)", resources: "limits of memory and time", calls: "system calls (seccomp)",
};

// How it fared when it was asked last; where nothing remembers that, whether a session can be had.
function mark(each) {
  const { experience, ok } = each;
  if (!experience) return ok ? ["answers", "good"] : ["does not answer", "bad"];
  if (experience.left_alone) return ["left alone", "bad"];
  if (experience.heard === false) return ["not heard", "bad"];
  if (!ok) return ["fails", "bad"];
  return experience.answered || experience.heard ? ["answers", "good"] : ["not asked yet", "plain"];
}

function fortunes({ experience, polled }, now) {
  const ago = (at) => `${age(at, now)} ago`;
  return [
    experience?.asked > 0 && ["asked", `${count(experience.asked)}${experience.failed ? `, ${count(experience.failed)} failed` : ", none failed"}`],
    experience?.answered && [experience.waiting === null ? "last answer" : "last sent", ago(experience.answered)],
    experience?.trouble && ["last trouble", [experience.trouble, h("span", { class: "dim" }, ` ${ago(experience.troubled)}`)]],
    experience?.waiting > 0 && ["waiting", `${count(experience.waiting)} to be sent`],
    experience?.lost > 0 && ["given up", count(experience.lost)],
    typeof experience?.heard === "boolean" && ["subscriptions", experience.heard ? "are there" : "are lost, and tried again"],
    polled.queries > 0 && ["polled", `by ${plural(polled.queries, "live query", "live queries")}, every ${seconds(polled.every)}`],
  ].filter(Boolean);
}

function integration(each, now) {
  const [words, tone] = mark(each);
  const rows = fortunes(each, now);
  return h("article", { class: `box ${each.ok ? "" : "bad"}` },
    h("header", {}, h("b", {}, each.name), tag(each.kind, "plain"), tag(words, tone),
      each.ms !== null && h("span", { class: "figure" }, milliseconds(each.ms))),
    each.trouble && h("p", { class: "failure" }, each.trouble),
    rows.length > 0 && h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

function sandbox(state) {
  const words = { strict: ["holds", "good"], weak: ["weak", "warn"], idle: ["no programs", "plain"] }[state.state];
  return h("article", { class: `box ${state.state === "weak" ? "warn" : ""}` },
    h("header", {}, h("b", {}, "Sandbox"), tag(words[0], words[1])),
    state.layers && h("ul", { class: "checks" }, state.layers.map((layer) => h("li", {}, "✓ ", LAYERS[layer] ?? layer)),
      state.missing.map((layer) => h("li", { class: "lacking" }, "✗ without ", LAYERS[layer] ?? layer))),
    state.escapes?.map((escape) => h("p", { class: "failure" }, `A program could ${escape}.`)),
    state.programs.length > 0 && h("p", { class: "links" }, state.programs.map((each) => h("code", {}, each))));
}

const COUNTERS = [
  ["changes", "committed writes and outside changes"], ["woken", "live queries they concerned"], ["asks", "requests to integrations"],
  ["refreshes", "questions answered"], ["equal", "answers that were the same"], ["errors", "refreshes that failed"], ["sent", "results given to watchers"],
];
const EVENTS = "socket events emitted";

function draw(place, project, health, state) {
  put(place,
    h("section", {}, h("h2", {}, "Integrations"), h("div", { class: "boxes" }, health.integrations.map((each) => integration(each, state.at)))),
    h("section", {}, h("h2", {}, "Programs"), h("div", { class: "boxes" }, sandbox(health.sandbox))),
    h("section", {}, h("h2", {}, "Live queries since the start"), h("dl", { class: "counters" }, COUNTERS.map(([name, words]) =>
      h("div", {}, h("dt", {}, name, h("small", {}, words)), h("dd", {}, count(state.counters[name])))),
      h("div", {}, h("dt", {}, "events", h("small", {}, EVENTS)), h("dd", {}, count(state.counts.event))))),
    h("section", {}, h("h2", {}, "Roles"), h("p", { class: "roles" }, project.roles.map((role, place) => [place > 0 && h("span", { class: "dim" }, " ‹ "), tag(role, "role")])),
      h("p", { class: "note" }, "A higher role may do all that a lower one may.")),
    project.triggers.length > 0 && h("section", {}, h("h2", {}, "Without a client"), h("ul", { class: "reads" }, project.triggers.map((each) =>
      h("li", {}, h("a", { href: `#/operations/${each.operation}` }, each.operation), " ", h("code", {}, each.schedule ? `${each.schedule} (${each.zone})` : each.webhook))))));
}

export function systemView(project) {
  const place = h("div", { class: "system" }, spinner("Asking…"));
  const look = async () => {
    try {
      const [health, state] = await Promise.all([get("health"), get("state")]);
      draw(place, project, health, state);
    } catch (error) {
      put(place, h("p", { class: "failure" }, error.message));
    }
  };
  look();
  return { element: h("div", { class: "page" }, h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, "System"),
    h("p", { class: "lead" }, `${project.name} on Tidegate ${project.version}, in ${project.author ? "development" : "production"}.`),
    button("Ask again", look, { class: "button", glyph: "replay" })), place) };
}
