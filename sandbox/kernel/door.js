// Templates call `concat` in this engine, which programs can replace: what must not fail is put together with `+`.

// The way out: a text to the worker, JSON back. Its first letter says what it is: `?` a question to the gateway, `>` a
// line of the log, `!` random bytes, `+` a library.

// The first limit that the run exceeded. Whatever the program makes of it, that is what the run ends with.
let exceeded = null;

function ask(what, ...given) {
  let text = "";
  for (let index = 0; index < given.length; index += 1) text += (index ? "," : "") + (stringify(given[index]) ?? "null");
  return answer("?", '{"what":"' + what + '","arguments":[' + text + "]}");
}

function answer(kind, text) {
  if (exceeded !== null) throw exceeded;
  const reply = door(kind + text);
  if (has(reply, "error")) throw hostError(reply.error);
  return reply.value;
}

// What is told of an error in place of its message, if it is never caught.
const instead = new WeakMap();

function withheld(error, message) {
  setOf(instead, error, message);
}

function hostError({ name, message, status, limit }) {
  const error = new NativeError(message);
  hide(error, "name", name);
  if (typeof status === "number") hide(error, "status", status);
  if (limit) exceeded ??= error;
  return error;
}
