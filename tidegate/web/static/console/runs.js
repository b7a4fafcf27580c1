// Runs of functions: under way, and those that are kept. One in full, and once more.

import { get } from "./api.js";
import { json } from "./code.js";
import { button, h, put, tag } from "./dom.js";
import { feed } from "./feed.js";
import { bytes, moment, seconds, who } from "./format.js";
import { Outcome, perform } from "./running.js";
import { spinner, stepList } from "./steps.js";

const ORIGINS = { client: "a client", command: "tidegate run", schedule: "the clock", webhook: "a webhook", replay: "a replay", console: "the console" };
const kept = { text: "" };

function result(run) {
  if (run.seconds === null || run.seconds === undefined) return tag("under way", "wake");
  return run.failure ? tag(run.failure.code, "bad") : tag("ok", "good");
}

function entry(run, chosen) {
  return h("li", {}, h("a", { class: "entry run-entry", href: `#/runs/${run.id}`, "aria-current": run.id === chosen ? "page" : undefined },
    h("span", { class: "entry-top" }, h("span", { class: "entry-name" }, run.function), result(run)),
    h("span", { class: "entry-sub" }, `${moment(run.began ?? run.at)} · ${who(run.user?.id ?? (typeof run.user === "object" ? null : run.user), run.role)} · ${seconds(run.seconds)}`)));
}

function facts(run) {
  const rows = [
    ["began", `${moment(run.began)}, by ${ORIGINS[run.origin] ?? run.origin}`],
    ["who", run.cut.includes("user") ? "too long to be kept" : who(run.user.email ?? run.user.id, run.role)],
    ["took", seconds(run.seconds) + (run.responded === null ? "" : `, answered after ${seconds(run.responded)}`)],
    run.size !== null && ["answer", bytes(run.size)],
    run.masked.length > 0 && ["private", `${run.masked.join(", ")}: not kept`],
  ];
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

async function full(project, id, place) {
  put(place, spinner("Reading…"));
  let run;
  try {
    run = await get(`runs/${encodeURIComponent(id)}`);
  } catch (error) {
    put(place, h("h1", { tabindex: "-1" }, "Run"), h("p", { class: "empty-note" }, error.status === 404
      ? "It is not kept, or not yet: runs are written when they have ended."
      : error.message), button("Look again", () => full(project, id, place)));
    return;
  }
  const again = h("div", { class: "result-place" });
  const given = h("textarea", { id: "replay-arguments", class: "mono", rows: "2", value: "{}", spellcheck: "false" });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const replay = project.author && h("section", { class: "replay" }, h("h2", { class: "sub" }, "Replay"),
    h("p", { class: "note" }, "The project as it is now, the same arguments, the same user. A mutation writes again."),
    run.masked.length > 0 && h("div", { class: "field" }, h("label", { for: "replay-arguments" }, h("b", {}, "private arguments"), " ", h("code", { class: "type" }, run.masked.join(", "))), given, trouble),
    button("Replay", () => {
      let values;
      try {
        values = JSON.parse(given.value || "{}");
      } catch (error) {
        trouble.textContent = `This is not JSON: ${error.message}`;
        return;
      }
      const outcome = new Outcome();
      put(again, outcome.element);
      perform(outcome, `runs/${encodeURIComponent(id)}/replay`, { arguments: values });
    }, { class: "button primary", glyph: "replay" }), again);
  const failed = run.steps.filter((step) => step.failure).map((step) => step.number);
  put(place,
    h("header", { class: "head" }, h("h1", { tabindex: "-1" }, run.function), h("p", { class: "tags" }, result(run), tag(run.role, "role"), tag(run.origin, "plain")),
      h("p", { class: "where" }, h("code", {}, run.id), h("a", { href: `#/operations/${run.function}` }, "operation"))),
    run.failure && h("p", { class: "failure" }, h("b", {}, run.failure.code), ` ${run.failure.message}`, run.failure.place && h("code", { class: "place" }, run.failure.place)),
    facts(run),
    h("section", {}, h("h2", { class: "sub" }, "Arguments"), run.arguments === null
      ? h("p", { class: "note" }, "What somebody sent is shown in development. Here it is in the history: ", h("code", {}, "tidegate runs"), ".")
      : run.cut.includes("arguments") ? h("p", { class: "note" }, "Too long to be kept.") : json(run.arguments)),
    h("section", {}, h("h2", { class: "sub" }, "Steps"), stepList(run, new Set(failed)),
      h("p", { class: "note" }, "What steps gave is never kept. Replay it to see.")),
    replay);
}

export function runsView(project, [id], _go) {
  const list = h("nav", { class: "list-body", "aria-label": "Runs" });
  const place = h("div", { class: "run-full" });
  const search = h("input", {
    type: "search", class: "search", placeholder: "Filter runs", "aria-label": "Filter runs", value: kept.text, "data-slash": true,
    autocomplete: "off", spellcheck: "false",
    oninput: () => {
      kept.text = search.value;
      draw();
    },
  });
  let stored = [];
  let trouble = "";
  const draw = () => {
    const known = new Map(stored.map((run) => [run.id, run]));
    for (const run of feed.runs.values()) known.set(run.id, { ...known.get(run.id), ...run, began: run.at });
    const text = kept.text.trim().toLowerCase();
    const shown = [...known.values()].filter((run) => !text || `${run.function} ${run.role} ${run.origin} ${run.failure?.code ?? "ok"} ${run.id}`.toLowerCase().includes(text))
      .sort((one, other) => other.began - one.began).slice(0, 200);
    put(list, trouble && h("p", { class: "failure" }, trouble), shown.length
      ? h("ul", { class: "entries" }, shown.map((run) => entry(run, id)))
      : h("p", { class: "empty-note" }, text ? "No run is like this." : "No function has run yet."));
  };
  get("runs?most=200").then((answer) => (stored = answer.runs), (error) => (trouble = error.message)).then(draw);
  let seen = "";
  const stop = feed.listen(() => {
    const newest = [...feed.runs.values()].at(-1);
    const now = `${feed.runs.size} ${newest?.id} ${[...feed.runs.values()].filter((run) => run.seconds === null).length}`;
    if (now === seen || list.contains(document.activeElement)) return;
    seen = now;
    draw();
  });
  draw();
  if (id) full(project, id, place);
  else put(place, h("div", { class: "welcome" }, h("h2", {}, "Runs"), h("p", { class: "lead" }, "Every run of a function, step by step: what it did, how long it took, what it wrote to its console, and how it failed.")));
  const element = h("div", { class: `split ${id ? "has-detail" : ""}` },
    h("div", { class: "list" }, h("div", { class: "list-head" }, !id && h("h1", { class: "unseen", tabindex: "-1" }, "Runs"), search), list),
    h("div", { class: "detail" }, id && h("a", { class: "back", href: "#/runs" }, "‹ Runs"), place));
  return { element, leave: stop };
}
