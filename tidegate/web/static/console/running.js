// One call of one operation: a form, who calls, and what came of it.

import { call, claimsOf, token } from "./api.js";
import { graphql, json, laidOut } from "./code.js";
import { add, announce, button, copier, h, put, tag } from "./dom.js";
import { argumentForm } from "./form.js";
import { bytes, milliseconds } from "./format.js";
import { spinner, Trace } from "./steps.js";

const chosen = { who: null, role: "", claims: "" };

// Who calls: oneself; in development also nobody, one of the demo's users, or whoever is made up.
function callerForm(project, operation) {
  const { you } = project;
  const mine = you.verified ? `you: ${claimsOf(token.get())?.email ?? you.user ?? ""} (${you.role})` : "you, without a token";
  if (!project.author) return { element: h("p", { class: "note" }, `It is called as ${mine}.`), read: () => ({}) };
  const rank = (role) => project.roles.indexOf(role);
  const fit = project.demo.filter((user) => rank(user.role) >= rank(operation.minRole))
    .sort((one, other) => rank(one.role) - rank(other.role))[0];
  const options = [
    ...project.demo.map((user) => [`demo:${user.name}`, `${user.name} (${user.role})`]),
    ["made", "somebody made up…"],
    ["nobody", `nobody (${project.roles[0]})`],
    ...(you.verified ? [["self", mine]] : []),
  ];
  const first = chosen.who ?? (fit ? `demo:${fit.name}` : you.verified ? "self" : project.tokens ? "made" : "nobody");
  const select = h("select", { id: "caller" }, options.map(([value, words]) =>
    h("option", { value, selected: value === first || undefined }, words)));
  const role = h("select", { id: "caller-role" }, project.roles.map((each) =>
    h("option", { value: each, selected: each === (chosen.role || operation.minRole) || undefined }, each)));
  const claims = h("textarea", { id: "caller-claims", class: "mono", rows: "3", spellcheck: "false", value: chosen.claims || example(project) });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const made = h("div", { class: "made" },
    h("div", { class: "field" }, h("label", { for: "caller-role" }, h("b", {}, "role")), role),
    h("div", { class: "field" }, h("label", { for: "caller-claims" }, h("b", {}, "claims"), " ", h("code", { class: "type" }, "of the token, as JSON")), claims, trouble));
  const show = () => (made.hidden = select.value !== "made");
  select.addEventListener("change", () => {
    chosen.who = select.value;
    show();
  });
  role.addEventListener("change", () => (chosen.role = role.value));
  claims.addEventListener("input", () => (chosen.claims = claims.value));
  show();
  return {
    element: h("div", { class: "caller" }, h("div", { class: "field" }, h("label", { for: "caller" }, h("b", {}, "as")), select), made),
    read() {
      trouble.textContent = "";
      if (select.value === "self") return {};
      if (select.value === "nobody") return { as: null };
      const demo = project.demo.find((user) => `demo:${user.name}` === select.value);
      if (demo) return { as: { claims: demo.claims } };
      try {
        const value = JSON.parse(claims.value || "{}");
        if (typeof value !== "object" || Array.isArray(value) || value === null) throw new Error("an object is needed");
        return { as: { claims: value, role: role.value } };
      } catch (error) {
        trouble.textContent = `The claims are not a JSON object: ${error.message}.`;
        claims.focus();
        return null;
      }
    },
  };
}

function example(project) {
  if (project.demo.length) return JSON.stringify(project.demo[0].claims, null, 2);
  const claims = {};
  for (const [field, path] of Object.entries(project.claims)) {
    if (field === "role") continue;
    const parts = path.split(".");
    const last = parts.pop();
    const inner = parts.reduce((outer, name) => (outer[name] ??= {}), claims);
    inner[last] = field === "id" ? "1" : field === "email" ? "somebody@example.com" : "";
  }
  return JSON.stringify(claims, null, 2);
}

// What came back, below what the steps did.
export class Outcome {
  constructor() {
    this.trace = new Trace();
    this.answer = h("div", { class: "answer" });
    this.element = h("section", { class: "outcome", "aria-label": "Result" });
    this.steps = h("section", { class: "happened", hidden: true }, h("h2", { class: "sub" }, "Steps"), this.trace.element);
  }

  begin() {
    put(this.answer, spinner("Running…"));
    put(this.element, this.answer, this.steps);
  }

  tell(event, data) {
    if (event === "run") {
      this.steps.hidden = false;
      this.id = data.id;
    } else if (event === "answer") {
      this.answered = true;
      this.show(data);
    } else if (event === "end") this.fail({ code: data.errors[0].extensions?.code, message: data.errors[0].message });
    else this.trace.tell(event, data);
  }

  show(data) {
    const { errors, extensions } = data.body;
    const refreshed = extensions?.refreshed;
    put(this.answer,
      h("header", { class: "bar-line" },
        tag(errors ? "failed" : "ok", errors ? "bad" : "good"),
        h("span", { class: "figure" }, milliseconds(data.ms)),
        h("span", { class: "figure" }, bytes(data.bytes)),
        h("span", { class: "figure" }, `as ${data.role}`),
        this.id && h("a", { class: "figure", href: `#/runs/${this.id}` }, `run ${this.id.slice(0, 8)}`),
        h("span", { class: "grow" }),
        copier(() => JSON.stringify(data.body, null, 2))),
      errors?.map((error) => h("p", { class: "failure" }, h("b", {}, error.extensions?.code), ` ${error.message}`)),
      refreshed?.length > 0 && h("p", { class: "refreshed" }, "May refresh ", refreshed.map((name, place) =>
        [place > 0 && ", ", h("a", { href: `#/operations/${name}` }, name)])),
      json(data.body.data === undefined ? data.body : { data: data.body.data, ...(errors ? { errors } : {}) }),
      h("details", { class: "sent" }, h("summary", {}, "What was sent"), graphql(laidOut(data.document))));
    announce(errors ? `It failed: ${errors[0].message}` : `It answered in ${milliseconds(data.ms)}.`);
  }

  fail(error) {
    put(this.answer, h("p", { class: "failure" }, h("b", {}, error.code ?? "Error"), ` ${error.message}`));
    announce(error.message);
  }
}

export async function perform(outcome, path, body, signal) {
  outcome.begin();
  try {
    await call(path, body, (event, data) => outcome.tell(event, data), signal);
    if (!outcome.answered) throw new Error("The connection ended before there was an answer. It may have been done.");
  } catch (error) {
    if (signal?.aborted) put(outcome.answer, h("p", { class: "note" }, "It was stopped."));
    else outcome.fail(error);
  }
}

export function runner(project, operation) {
  const form = argumentForm(operation, project.types);
  const caller = callerForm(project, operation);
  const place = h("div", { class: "result-place" });
  let under = null;
  const go = button("Run", () => submit(), { class: "button primary", glyph: "play", title: "Ctrl+Enter" });
  const stop = button("Stop", () => under?.abort(), { class: "button", hidden: true });
  async function submit() {
    const values = form.read();
    const who = caller.read();
    if (values === null || who === null) return;
    under?.abort();
    const mine = under = new AbortController();
    const outcome = new Outcome();
    put(place, outcome.element);
    stop.hidden = false;
    await perform(outcome, "run", { operation: operation.name, arguments: values, ...who }, mine.signal);
    if (under === mine) stop.hidden = true;
  }
  const element = h("form", { class: "run-form", onsubmit: (event) => {
    event.preventDefault();
    submit();
  } }, form.element, caller.element,
  h("div", { class: "actions" }, go, stop, operation.kind === "mutation" && h("span", { class: "note" }, "It really writes.")));
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  });
  const whole = h("div", { class: "run" }, element);
  add(whole, [place]);
  return whole;
}
