// What happens in the gateway, as the page has it: the newest of each kind, in rings. Whoever draws is told once for
// each frame of the screen, however much has come.

import { follow } from "./api.js";

export const KEPT = 2000;
const WINDOW = 60;
// Milliseconds after which a page that nobody looks at gives its place to others: it is told what it missed later.
const DROWSY = 120_000;

const kinds = ["change", "refresh", "event", "run", "error", "log"];
const rings = new Map(kinds.map((kind) => [kind, []]));
const listeners = new Set();
const state = { connected: false, trouble: "", lost: 0, total: 0 };
const rates = { refresh: new Array(WINDOW).fill(0), event: new Array(WINDOW).fill(0), second: 0 };
const runs = new Map();

let drawing = false;
let controller = null;
let numbered = 0;
let asleep = false;
let drowsy = null;

// `reloaded` is called when the project may be another, `refused` when this page may not look any more.
export const feed = { rings, state, rates, runs, listen, start, stop, reloaded: null, refused: null };

function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  if (drawing) return;
  drawing = true;
  // A page that is not looked at has no frames.
  const later = document.hidden ? (work) => setTimeout(work, 500) : requestAnimationFrame;
  later(() => {
    drawing = false;
    for (const listener of [...listeners]) listener();
  });
}

function advance(now) {
  const steps = Math.min(WINDOW, rates.second ? now - rates.second : WINDOW);
  for (const name of ["refresh", "event"]) {
    for (let step = 0; step < steps; step += 1) {
      rates[name].shift();
      rates[name].push(0);
    }
  }
  rates.second = Math.max(now, rates.second);
}

function take(record) {
  if (record.kind === "reload") feed.reloaded?.();
  const ring = rings.get(record.kind);
  if (!ring) return;
  if (record.kind === "run") {
    const known = runs.get(record.id);
    if (known) {
      Object.assign(known, record);
      return;
    }
    runs.set(record.id, record);
    if (runs.size > KEPT) runs.delete(runs.keys().next().value);
  }
  record.order = numbered += 1;
  ring.push(record);
  if (ring.length > KEPT + KEPT / 4) ring.splice(0, ring.length - KEPT);
  if (record.kind in rates) {
    const second = Math.floor(record.at);
    if (second > rates.second) advance(second);
    const place = WINDOW - 1 - (rates.second - second);
    if (place >= 0) rates[record.kind][place] += 1;
  }
}

function tell(event, data) {
  if (event === "batch") {
    state.lost += data.lost;
    state.total += data.records.length;
    data.records.forEach(take);
  } else if (event === "end") {
    state.trouble = data.errors[0].message;
  }
  changed();
}

function forget() {
  for (const ring of rings.values()) ring.length = 0;
  runs.clear();
}

async function start() {
  stop();
  const mine = controller = new AbortController();
  let pause = 500;
  let before = false;
  const opened = () => {
    forget();
    state.connected = true;
    state.trouble = "";
    pause = 500;
    changed();
    // Another process may answer now, with another project.
    if (before) feed.reloaded?.();
    before = true;
  };
  while (!mine.signal.aborted) {
    try {
      await follow(opened, tell, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      state.trouble = error.message;
      if (error.status === 401 || error.status === 403) {
        state.connected = false;
        changed();
        feed.refused?.(error);
        return;
      }
    }
    state.connected = false;
    changed();
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 8000);
  }
}

function stop() {
  controller?.abort();
  controller = null;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(drowsy);
  if (document.hidden) {
    drowsy = setTimeout(() => {
      asleep = Boolean(controller);
      stop();
    }, DROWSY);
  } else if (asleep) {
    asleep = false;
    feed.reloaded?.();
    start();
  }
});

setInterval(() => {
  const now = Math.floor(Date.now() / 1000);
  if (now > rates.second) {
    advance(now);
    changed();
  }
}, 1000);
