// The console: what is where, and the keys.

import { get, token } from "./api.js";
import { announce, button, h, icon, put } from "./dom.js";
import { errorsView } from "./errors.js";
import { feed } from "./feed.js";
import { describe, identityDialog, tokenForm } from "./identity.js";
import { liveView } from "./live.js";
import { forgetDetails } from "./operation.js";
import { operationsView } from "./operations.js";
import { runsView } from "./runs.js";
import { systemView } from "./system.js";

const VIEWS = [
  ["operations", "Operations", operationsView], ["live", "Live", liveView], ["runs", "Runs", runsView],
  ["errors", "Errors", errorsView], ["system", "System", systemView],
];
const THEME = "tidegate.theme";

const app = document.getElementById("app");
const main = h("main", { id: "main" });
const nav = h("nav", { class: "nav", "aria-label": "Console" });
const status = h("span", { class: "status" });
const whoami = h("button", { type: "button", class: "identity", onclick: () => identityDialog(project.demo, enter) });
let project = null;
let leave = null;
let errorsSeen = 0;

function go(path, replacing = false) {
  if (replacing) {
    history.replaceState(null, "", `#/${path}`);
    draw(false);
  } else location.hash = `#/${path}`;
}

function drawNav(view) {
  const errors = view === "errors" ? 0 : feed.rings.get("error").filter((each) => each.order > errorsSeen).length;
  put(nav, VIEWS.map(([name, words]) => h("a", { href: `#/${name}`, class: "nav-link", "aria-current": name === view ? "page" : undefined },
    icon(name), h("span", {}, words), name === "errors" && errors > 0 && h("span", { class: "badge" }, errors > 99 ? "99+" : errors))),
  project.author && h("a", { href: "/graphql", class: "nav-link", title: "With the same token" }, icon("graphiql"), h("span", {}, "GraphiQL")));
}

function readable(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function route() {
  const [view, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(readable);
  return VIEWS.some(([name]) => name === view) ? [view, rest] : ["operations", []];
}

function draw(focusing = true) {
  const [view, rest] = route();
  const [, words, make] = VIEWS.find(([name]) => name === view);
  const scrolled = main.querySelector(".list-body")?.scrollTop ?? 0;
  const before = main.dataset.view;
  leave?.();
  const made = make(project, rest, go);
  leave = made.leave ?? null;
  put(main, made.element ?? made);
  main.dataset.view = view;
  if (before === view) main.querySelector(".list-body")?.scrollTo(0, scrolled);
  main.querySelector(".entry[aria-current]")?.scrollIntoView({ block: "nearest" });
  if (view === "errors") errorsSeen = feed.rings.get("error").at(-1)?.order ?? 0;
  document.title = `${rest[0] && view !== "live" ? `${rest[0].slice(0, 40)} · ` : ""}${words} · ${project.name}`;
  drawNav(view);
  if (focusing) {
    const heading = main.querySelector("h1");
    heading?.focus({ preventScroll: true });
    announce(heading?.textContent ?? words);
  }
}

function drawStatus() {
  const { connected, trouble } = feed.state;
  status.className = `status ${connected ? "on" : "off"}`;
  put(status, h("span", { class: "lamp", "aria-hidden": "true" }), connected ? "following" : trouble || "connecting…");
  const [view] = route();
  if (view === "errors") errorsSeen = feed.rings.get("error").at(-1)?.order ?? 0;
  const errors = view === "errors" ? 0 : feed.rings.get("error").filter((each) => each.order > errorsSeen).length;
  if ((nav.querySelector(".badge")?.textContent ?? "0") !== String(errors > 99 ? "99+" : errors)) drawNav(view);
}

function drawIdentity() {
  const { name, note } = describe(token.get());
  put(whoami, icon("key"), h("span", { class: "identity-name" }, name), note && h("small", {}, note));
  whoami.setAttribute("aria-label", `Who you are: ${name}${note ? `, ${note}` : ""}. Change it.`);
}

const system = matchMedia("(prefers-color-scheme: dark)");
const dark = () => document.documentElement.dataset.theme === "dark";

function dress() {
  document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? (system.matches ? "dark" : "light");
  put(theme, icon(dark() ? "sun" : "moon"));
}

const theme = h("button", {
  type: "button", class: "button quiet theme", "aria-label": "Light or dark",
  onclick: () => {
    localStorage.setItem(THEME, dark() ? "light" : "dark");
    dress();
  },
});
system.addEventListener("change", dress);

function shell() {
  put(app,
    h("a", { class: "skip", href: "#main", onclick: (event) => {
      event.preventDefault();
      main.querySelector("h1")?.focus();
    } }, "Skip to the content"),
    h("div", { class: "shell" },
      h("header", { class: "rail" },
        h("a", { class: "brand", href: "#/operations" }, h("img", { src: "/console/icon.svg", alt: "", width: "26", height: "26" }), h("span", {}, h("b", {}, project.name), h("small", {}, "Tidegate console"))),
        nav,
        h("div", { class: "foot" }, status, whoami, theme)),
      main),
    h("p", { id: "announcer", class: "unseen", "aria-live": "polite" }));
}

function gate(error) {
  leave?.();
  leave = null;
  feed.stop();
  put(app, h("main", { class: "gate" }, h("img", { src: "/console/icon.svg", alt: "", width: "44", height: "44" }),
    h("h1", { tabindex: "-1" }, "Tidegate console"),
    h("p", { class: error.status === 403 ? "failure" : "lead" }, error.message),
    error.status === 401 || error.status === 403 ? tokenForm([], enter) : button("Try again", enter, { class: "button primary", glyph: "replay" })));
  app.querySelector("textarea, button")?.focus();
}

async function enter() {
  try {
    project = await get("project");
  } catch (error) {
    gate(error);
    return;
  }
  forgetDetails();
  shell();
  drawIdentity();
  feed.start();
  draw(false);
}

// The project was read anew: so is what is shown of it. What somebody fills in stays, until they say otherwise.
async function renew() {
  if (!project) return;
  const old = new Map(project.operations.map((each) => [each.name, JSON.stringify(each)]));
  try {
    project = await get("project");
  } catch (error) {
    if (error.status === 401 || error.status === 403) gate(error);
    return;
  }
  forgetDetails();
  const [view, [name, tab]] = route();
  if (view === "operations" && tab === "run") {
    const now = project.operations.find((each) => each.name === name);
    if (old.get(name) !== (now && JSON.stringify(now))) tellOfReload(now ? "It was changed in the project." : "It is not in the project any more.");
  } else if (view === "operations" || view === "system") redraw();
}

function tellOfReload(words) {
  main.querySelector(".reloaded")?.remove();
  const notice = h("p", { class: "reloaded", role: "status" }, words, " ", button("Show it as it is now", () => draw()));
  main.querySelector(".operation .panel")?.before(notice);
}

// As `draw`, under the hands of somebody who types.
function redraw() {
  const { id, selectionStart } = document.activeElement;
  draw(false);
  const again = id && document.getElementById(id);
  if (!again || again === document.activeElement) return;
  again.focus({ preventScroll: true });
  if (again.setSelectionRange) again.setSelectionRange(selectionStart, selectionStart);
}

// What is typed goes where it is typed.
const typing = (element) => element.matches?.("input, textarea, select, [contenteditable]");

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !project) return;
  if (event.key === "/" && !typing(event.target)) {
    const field = main.querySelector("[data-slash]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (typing(event.target)) event.target.blur();
    else if (route()[1].length) go(route()[0]);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest?.(".list")) {
    const entries = [...main.querySelectorAll(".list .entry")];
    const at = entries.indexOf(document.activeElement);
    const next = entries[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (at < 0 ? entries[0] : null);
    if (next) next.focus();
    else if (event.key === "ArrowUp") main.querySelector(".list .search")?.focus();
    event.preventDefault();
  } else if (!typing(event.target) && event.key >= "1" && event.key <= String(VIEWS.length)) {
    go(VIEWS[Number(event.key) - 1][0]);
  }
}

addEventListener("hashchange", () => project && draw());
addEventListener("keydown", keys);
feed.listen(() => project && status.isConnected && drawStatus());
feed.reloaded = renew;
feed.refused = gate;
dress();
enter();
