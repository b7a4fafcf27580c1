// Who the page asks as: a token, for this tab alone.

import { claimsOf, token } from "./api.js";
import { button, h, put } from "./dom.js";

// As it is copied from anywhere.
function clean(text) {
  return text.trim().replace(/^bearer\s+/i, "");
}

export function describe(value) {
  if (!value) return { name: "no token", note: "" };
  const claims = claimsOf(value);
  if (!claims) return { name: "not a token", note: "" };
  const expired = typeof claims.exp === "number" && claims.exp * 1000 < Date.now();
  return { name: String(claims.email ?? claims.sub ?? "somebody"), note: expired ? "expired" : String(claims.role ?? "") };
}

// A form for a token: `done` is called when it is another. `demo`: whose tokens can be taken.
export function tokenForm(demo, done) {
  const field = h("textarea", {
    id: "token", class: "mono", rows: "4", spellcheck: "false", autocomplete: "off", placeholder: "eyJ…", value: token.get(),
    "aria-describedby": "token-note",
  });
  const says = h("p", { class: "note", role: "status" });
  const show = () => {
    const { name, note } = describe(clean(field.value));
    put(says, field.value.trim() ? ["It says: ", h("b", {}, name), note && ` (${note})`] : "");
  };
  field.addEventListener("input", show);
  show();
  const take = (value) => {
    token.set(value);
    done();
  };
  return h("form", { class: "token-form", onsubmit: (event) => {
    event.preventDefault();
    take(clean(field.value));
  } },
  demo.length > 0 && h("div", { class: "field" }, h("b", { id: "demo-label" }, "One of the demo's users"),
    h("div", { class: "chips", role: "group", "aria-labelledby": "demo-label" }, demo.map((user) =>
      h("button", { type: "button", class: "chip", onclick: () => take(user.token) }, user.name, h("small", {}, ` ${user.role}`))))),
  h("div", { class: "field" }, h("label", { for: "token" }, h("b", {}, "Token")), field, says,
    h("p", { class: "note", id: "token-note" }, "It stays in this tab, is sent to this server alone, and GraphiQL uses it, too.")),
  h("div", { class: "actions" }, h("button", { type: "submit", class: "button primary" }, "Use it"),
    token.get() && button("Forget it", () => take(""), { class: "button" })));
}

export function identityDialog(demo, done) {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "identity-title" });
  const close = () => dialog.close();
  put(dialog, h("header", {}, h("h2", { id: "identity-title" }, "Who you are"), button("Close", close, { class: "button quiet" })),
    tokenForm(demo, () => {
      close();
      done();
    }));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
}
