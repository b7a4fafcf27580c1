// What the page asks of the gateway. The token goes with each request in a header, and lives as long as the tab.

const TOKEN = "tidegate.token";

export class Refused extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set(value) {
    if (value) sessionStorage.setItem(TOKEN, value);
    else sessionStorage.removeItem(TOKEN);
  },
};

// What a token says of itself. Only the server can tell whether that is true.
export function claimsOf(value) {
  try {
    const part = value.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const letters = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(letters));
  } catch {
    return null;
  }
}

function headers(more) {
  const held = token.get();
  return { "x-tidegate-console": "1", ...(held ? { authorization: `Bearer ${held}` } : {}), ...more };
}

// Browsers say it in words of their own, which nobody understands.
async function reached(promise, words = "The gateway cannot be reached.") {
  try {
    return await promise;
  } catch (error) {
    throw error.name === "TypeError" ? new Refused(0, words) : error;
  }
}

async function send(path, options = {}) {
  const response = await reached(fetch(`/console/api/${path}`, { credentials: "omit", cache: "no-store", ...options }));
  if (response.ok) return response;
  let error = {};
  try {
    [error] = (await response.json()).errors;
  } catch {
    // No answer of ours: a proxy's, say.
  }
  throw new Refused(response.status, error.message ?? `The server answered ${response.status}.`, error.extensions?.code);
}

export async function get(path) {
  return (await send(path, { headers: headers() })).json();
}

// Calls `tell(event, data)` for each event, until the end.
async function listen(response, tell) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  for (;;) {
    const { value, done } = await reached(reader.read(), "The connection was lost.");
    if (done) return;
    unread += value;
    const events = unread.split("\n\n");
    unread = events.pop();
    for (const each of events) {
      const found = /^event: (\w+)\ndata:(.*)$/s.exec(each);
      if (found) tell(found[1], found[2].trim() ? JSON.parse(found[2]) : null);
    }
  }
}

export async function call(path, body, tell, signal) {
  const options = {
    method: "POST", headers: headers({ "content-type": "application/json" }), body: JSON.stringify(body), signal,
  };
  await listen(await send(path, options), tell);
}

// `opened` is called when it begins.
export async function follow(opened, tell, signal) {
  const response = await send("live", { headers: headers(), signal });
  opened();
  await listen(response, tell);
}
