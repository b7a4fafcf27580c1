// Elements, made of plain values. Text is never taken for markup: nothing here parses any.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "value") element.value = value;
    else if (name === "vars") for (const [key, each] of Object.entries(value)) element.style.setProperty(`--${key}`, each);
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

export function put(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

const PATHS = {
  operations: "M4 6h16M4 12h10M4 18h13",
  live: "M2 12c3-6 5-6 7 0s4 6 7 0 4-5 6-2",
  runs: "M7 5l11 7-11 7z",
  errors: "M12 4l9 16H3zM12 10v4M12 17.2v.1",
  system: "M4 5h16v6H4zM4 14h16v6H4zM8 8h.1M8 17h.1",
  graphiql: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 3L4 16.5h16z",
  key: "M14.5 9.5a4 4 0 1 0-3.2 3.9l1.7 1.6h2v2h2v2h3v-3l-5.6-5.3c.1-.4.1-.8.1-1.2zM9.6 8.6h.1",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l11 7-11 7z",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  back: "M15 5l-7 7 7 7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  copy: "M8 8V4h12v12h-4M4 8h12v12H4z",
  replay: "M5 12a7 7 0 1 1 2.2 5.1M5 18v-4h4",
  bolt: "M13 2L5 13h6l-1 9 8-12h-6z",
};

export function icon(name) {
  const path = s("path", { d: PATHS[name] });
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, path);
}

export function button(label, onclick, properties = {}) {
  const { glyph, ...rest } = properties;
  return h("button", { type: "button", class: "button", onclick, ...rest }, glyph && icon(glyph), h("span", {}, label));
}

// A mark of one word, coloured by what it says.
export function tag(text, tone = "plain", title) {
  return h("span", { class: `tag ${tone}`, title }, text);
}

// Copies a text, and says so for a moment.
export function copier(text, label = "Copy") {
  const made = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.lastChild.textContent = "Copied";
    } catch {
      made.lastChild.textContent = "Not allowed";
    }
    setTimeout(() => (made.lastChild.textContent = label), 1200);
  }, { class: "button quiet", glyph: "copy" });
  return made;
}

// Says something to those who listen rather than look.
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

// A row of tabs, one of which is chosen; arrows go from one to the next. `choose` is told its name.
export function tabs(label, entries, chosen, choose) {
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  for (const [name, words, count] of entries) {
    const on = name === chosen;
    const tab = h("button", {
      type: "button", role: "tab", class: "tab", "aria-selected": String(on), tabindex: on ? "0" : "-1",
      "data-tab": name, onclick: () => choose(name),
    }, words, count !== undefined && h("span", { class: "count" }, count));
    list.append(tab);
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...list.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    event.preventDefault();
    choose(next.dataset.tab);
    document.querySelector(`[role=tab][data-tab="${next.dataset.tab}"]`)?.focus();
  });
  return list;
}
