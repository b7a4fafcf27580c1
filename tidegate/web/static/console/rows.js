// A list that rows are added to at its top, as fast as they come: never more than so many are drawn, once for each
// frame, and only the new ones. It can be held still, filtered and cleared.

import { button, h, icon, put } from "./dom.js";
import { feed } from "./feed.js";

export const DRAWN = 300;
// Where more come than anybody reads: the newest few are drawn, four times a second, and all when it calms down.
const MANY = 40;
const FEW = 60;
const PACE = 250;
const kept = new Map();

export class Rows {
  // `row(record)`: the cells of a line. `detail(record)`: what unfolds. `words(record)`: what the filter looks at.
  constructor({ name, kinds, columns, row, detail, words, empty }) {
    Object.assign(this, { kinds, row, detail, words, empty });
    this.kept = kept.get(name) ?? { filter: "", since: 0, paused: 0 };
    kept.set(name, this.kept);
    this.last = 0;
    this.drawn = 0;
    this.list = h("ol", { class: `rows ${name}`, "aria-label": name, onkeydown: (event) => this.move(event) });
    this.nothing = h("p", { class: "empty-note" });
    this.filter = h("input", {
      type: "search", class: "search", placeholder: "Filter", "aria-label": `Filter ${name}`, value: this.kept.filter,
      "data-slash": true, autocomplete: "off", spellcheck: "false",
      oninput: () => {
        this.kept.filter = this.filter.value;
        this.redraw();
      },
    });
    this.hold = button("Pause", () => this.toggle(), { class: "button", "aria-pressed": "false" });
    this.clear = button("Clear", () => this.wipe(), { class: "button", glyph: "clear" });
    this.news = h("span", { class: "note", role: "status" });
    this.element = h("div", { class: "stream" },
      h("div", { class: "bar-line" }, this.filter, this.hold, this.clear, this.news),
      h("div", { class: `row-head ${name}`, "aria-hidden": "true" }, columns.map((each) => h("span", {}, each))),
      this.list, this.nothing);
    this.showHold();
    this.redraw();
  }

  records() {
    const { since, paused } = this.kept;
    const all = this.kinds.flatMap((kind) => feed.rings.get(kind));
    const sorted = this.kinds.length > 1 ? all.sort((one, other) => one.order - other.order) : all;
    return sorted.filter((each) => each.order > since && (!paused || each.order <= paused));
  }

  fits(record) {
    const wanted = this.kept.filter.trim().toLowerCase();
    return !wanted || wanted.split(/\s+/).every((word) => this.words(record).toLowerCase().includes(word));
  }

  redraw() {
    const shown = this.records().filter((each) => this.fits(each)).slice(-DRAWN).reverse();
    this.last = Math.max(0, ...this.kinds.map((kind) => feed.rings.get(kind).at(-1)?.order ?? 0));
    put(this.list, shown.map((each) => this.line(each)));
    this.after();
  }

  // What has come since it was drawn.
  update() {
    const newest = Math.max(0, ...this.kinds.map((kind) => feed.rings.get(kind).at(-1)?.order ?? 0));
    if (newest < this.last) return this.redraw();
    if (this.kept.paused) {
      const waiting = this.kinds.reduce((sum, kind) => sum + feed.rings.get(kind).filter((each) => each.order > this.kept.paused).length, 0);
      this.news.textContent = waiting ? `${waiting} more` : "";
      return undefined;
    }
    const wait = this.drawn + PACE - performance.now();
    if (newest - this.last > MANY && wait > 0) {
      this.later ??= setTimeout(() => {
        this.later = null;
        if (this.element.isConnected) this.update();
      }, wait);
      return undefined;
    }
    this.drawn = performance.now();
    const fresh = this.records().filter((each) => each.order > this.last && this.fits(each)).slice(-DRAWN).reverse();
    this.last = newest;
    if (fresh.length > FEW && this.list.scrollTop < 4) {
      put(this.list, fresh.slice(0, FEW).map((each) => this.line(each)));
      clearTimeout(this.calm);
      this.calm = setTimeout(() => this.element.isConnected && this.redraw(), 2 * PACE);
    } else if (fresh.length) {
      const looked = this.list.scrollTop;
      const height = this.list.scrollHeight;
      this.list.prepend(...fresh.map((each) => this.line(each)));
      while (this.list.children.length > DRAWN) this.list.lastChild.remove();
      // Whoever reads further down goes on reading there.
      if (looked > 4) this.list.scrollTop = looked + this.list.scrollHeight - height;
    }
    return this.after();
  }

  after() {
    this.nothing.textContent = this.list.children.length ? "" : this.kept.filter ? "Nothing is like this." : this.empty;
    this.news.textContent = feed.state.lost ? `${feed.state.lost} came too fast to be told` : "";
  }

  line(record) {
    const cells = h("div", { class: "row", tabindex: "-1", role: "button", "aria-expanded": "false" }, this.row(record));
    const item = h("li", { class: record.outcome === "error" || record.failure ? "bad" : "" }, cells);
    cells.addEventListener("click", () => this.unfold(item, cells, record));
    if (!this.list.querySelector("[tabindex='0']")) cells.setAttribute("tabindex", "0");
    return item;
  }

  unfold(item, cells, record) {
    const open = item.querySelector(".unfolded");
    cells.setAttribute("aria-expanded", String(!open));
    if (open) open.remove();
    else item.append(h("div", { class: "unfolded" }, this.detail(record)));
  }

  move(event) {
    const rows = [...this.list.querySelectorAll(".row")];
    const at = rows.indexOf(document.activeElement);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined && rows[to]) {
      rows[at].setAttribute("tabindex", "-1");
      rows[to].setAttribute("tabindex", "0");
      rows[to].focus();
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      rows[at].click();
      event.preventDefault();
    }
  }

  toggle() {
    this.kept.paused = this.kept.paused ? 0 : Math.max(1, this.last);
    this.showHold();
    this.redraw();
  }

  showHold() {
    const held = Boolean(this.kept.paused);
    this.hold.setAttribute("aria-pressed", String(held));
    put(this.hold, icon(held ? "play" : "pause"), h("span", {}, held ? "Go on" : "Pause"));
  }

  wipe() {
    this.kept.since = Math.max(0, ...this.kinds.map((kind) => feed.rings.get(kind).at(-1)?.order ?? 0));
    if (this.kept.paused) this.kept.paused = this.kept.since || 1;
    this.redraw();
  }
}
