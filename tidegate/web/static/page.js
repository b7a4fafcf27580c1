// Puts GraphiQL on the page, with a field for the token that goes with every request.
"use strict";

// What GraphiQL's dialogs mark their style with, so that the page's policy lets it pass.
globalThis.__webpack_nonce__ = document.currentScript.nonce;

const field = document.getElementById("token");
const who = document.getElementById("who");

// A token typed here lives as long as the tab, and goes to this origin only.
const remembered = "tidegate.token";
field.value = sessionStorage.getItem(remembered) ?? "";

// Shows who the token says you are. Only the server can tell whether that is true.
function describe() {
  const token = field.value.trim();
  sessionStorage.setItem(remembered, token);
  if (!token) {
    who.value = "anonymous";
    return;
  }
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const name = claims.email ?? claims.sub ?? "somebody";
    const expired = typeof claims.exp === "number" && claims.exp * 1000 < Date.now();
    who.value = expired ? `${name} (expired)` : String(name);
  } catch {
    who.value = "not a token";
  }
}

document.getElementById("identity").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("show").addEventListener("click", (event) => {
  const hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  event.target.textContent = hidden ? "Hide" : "Show";
});
field.addEventListener("input", describe);
describe();

// The results of a subscription as they come. Not a generator: to stop one would wait for the next result.
function results(response, controller) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const over = { value: undefined, done: true };
  let unread = "";

  async function next() {
    for (;;) {
      const end = unread.indexOf("\n\n");
      if (end >= 0) {
        const event = unread.slice(0, end);
        unread = unread.slice(end + 2);
        if (event.startsWith("event: complete")) return over;
        const data = event.startsWith("event: next\n") ? event.slice(event.indexOf("data:") + 5) : null;
        if (data !== null) return { value: JSON.parse(data), done: false };
        continue;
      }
      const { value, done } = await reader.read().catch((error) => {
        if (controller.signal.aborted) return over;
        throw error;
      });
      if (done) return over;
      unread += value;
    }
  }

  return {
    next,
    async return() {
      controller.abort();
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function fetcher(parameters, options) {
  const token = field.value.trim();
  const controller = new AbortController();
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      ...options?.headers,
      // A subscription is answered as events, everything else as JSON.
      accept: "application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8",
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify(parameters),
    credentials: "omit",
    signal: controller.signal,
  });
  const streams = response.headers.get("content-type")?.startsWith("text/event-stream");
  return streams ? results(response, controller) : response.json();
}

const query = new URLSearchParams(location.search).get("query") ?? undefined;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    query,
    defaultEditorToolsVisibility: true,
    isHeadersEditorEnabled: false,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    defaultQuery: "# Type a query: the names are completed as you type. Ctrl+Enter runs it.\n\n{\n  __typename\n}\n",
  }),
);
