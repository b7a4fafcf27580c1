// One run: `begin` with what the program is called with, `called` with the functions it defines, and `finish` when no
// more is queued. `failed` with what it threw.
let job;
let state = "running";
let value;
let main;

function begin(given) {
  job = given;
  shake();
  const { Config = {}, CONSTS = {} } = job.invocation.settings ?? {};
  provide("Config", frozen(Config));
  provide("CONSTS", frozen(CONSTS));
  job.input = job.invocation.input;
}

function called(functions) {
  const { row, parameters, profile, context } = job.invocation;
  let given;
  try {
    main = functions[0] ?? functions[1];
    if (functions[0] !== null) given = apply(functions[0], undefined, [job.input, row, parameters, profile]);
    else if (functions[1] !== null) given = apply(functions[1], undefined, [job.input, context]);
    else throw new NativeTypeError(job.file + " defines neither backandCallback nor run");
  } catch (error) {
    failed(error);
    return;
  }
  if ((typeof given !== "object" && typeof given !== "function") || given === null) {
    settled(given);
    return;
  }
  try {
    then(given, settled, failed);
  } catch {
    // No promise of the engine's own. It may still be like one, and throw when it is asked.
    try {
      then(new NativePromise((resolve) => resolve(given)), settled, failed);
    } catch (error) {
      failed(error);
    }
  }
}

function settled(given) {
  if (state !== "running") return;
  state = "done";
  value = given;
}

function failed(error) {
  if (state === "failed") return;
  state = "failed";
  value = error;
}

function finish() {
  if (exceeded !== null) return failure(exceeded, "limit");
  if (state === "running") {
    return failure(new NativeError("It waits for a promise that nothing will ever settle."), "broken");
  }
  if (state === "failed") return failure(value);
  let answered;
  try {
    answered = stringify(value) ?? "null";
  } catch (error) {
    return failure(unsayable("answer", error));
  }
  let input;
  try {
    input = stringify(job.input);
  } catch (error) {
    return failure(unsayable("input", error));
  }
  if (exceeded !== null) return failure(exceeded, "limit");
  if (input === undefined || input[0] !== "{") {
    return failure(new NativeTypeError("The input is no longer an object."), "broken");
  }
  return '{"value":' + answered + ',"input":' + input + "}";
}

function unsayable(what, error) {
  const { name, message } = describe(error);
  const made = new NativeTypeError("The " + what + " cannot be written as JSON: " + message + ".");
  if (name === "InternalError" || name === "RangeError") return error;
  hide(made, "stack", stackOf(error));
  return made;
}

const MOST_MESSAGE = 4096;

function bounded(text) {
  return toWellFormed(text.length > MOST_MESSAGE ? slice(text, 0, MOST_MESSAGE) + "…" : text);
}

// Of anything that was thrown. Runs its getters, since an error class may well have one for its message.
function describe(error) {
  if ((typeof error !== "object" && typeof error !== "function") || error === null) {
    return { name: "Error", message: attempt(() => bounded(NativeString(error))) ?? "", status: null };
  }
  const message = attempt(() => error.message);
  const name = attempt(() => error.name);
  const status = attempt(() => error.status);
  return {
    name: attempt(() => bounded(NativeString(name ?? "Error"))) ?? "Error",
    message:
      message === undefined && !isError(error)
        ? (attempt(() => bounded(stringify(error))) ?? "An error without a message.")
        : (attempt(() => bounded(NativeString(message ?? ""))) ?? ""),
    status: typeof status === "number" && isFinite(status) ? status : null,
  };
}

// The frames outside of this function, as far as the engine noted them when the error was made.
function stackOf(error) {
  const own = attempt(() => getOwnPropertyDescriptor(error, "stack"));
  const text = own !== undefined && typeof own.value === "string" ? slice(own.value, 0, 16 * MOST_MESSAGE) : "";
  let frames = "";
  for (let at = 0; at < text.length; ) {
    const end = indexOf(text, "\n", at) < 0 ? text.length : indexOf(text, "\n", at);
    const frame = slice(text, at, end);
    if (!includes(frame, "(kernel:") && !endsWith(frame, " (native)") && trim(frame)) frames += (frames && "\n") + frame;
    at = end + 1;
  }
  return bounded(frames);
}

const lineOf = unbound(getOwnPropertyDescriptor(Function.prototype, "lineNumber").get);
const columnOf = unbound(getOwnPropertyDescriptor(Function.prototype, "columnNumber").get);

// `file:line:column` of the first frame in the author's file; of the function that was called where there is none, as
// for what was thrown and is no error.
function placeOf(frames) {
  const start = indexOf(frames, job.file + ":");
  if (start < 0) {
    const line = main && attempt(() => lineOf(main));
    return line ? job.file + ":" + line + ":" + columnOf(main) : "";
  }
  let end = start + job.file.length + 1;
  while (end < frames.length && includes("0123456789:", frames[end])) end += 1;
  return slice(frames, start, end);
}

const MISSING = {
  setTimeout: "There are no timers in a program: it is over when its function has answered.",
  setInterval: "There are no timers in a program: it is over when its function has answered.",
  setImmediate: "There are no timers in a program: it is over when its function has answered.",
  clearTimeout: "There are no timers in a program.",
  clearInterval: "There are no timers in a program.",
  require: "Programs are single files: lodash, dayjs, moment, uuid, numbro and Papa are there without being asked for.",
  process: "A program cannot see the process it runs in; what it may know is in Config.",
  fetch: "Other servers are asked by $http.",
  XMLHttpRequest: "Other servers are asked by $http.",
  Buffer: "Base64 is made by btoa and read by atob.",
  Intl: "There is no Intl; moment, dayjs and numbro format dates and numbers.",
  window: "A program runs on the server: there is no page.",
  document: "A program runs on the server: there is no page.",
};

function hintFor(name, message) {
  const end = " is not defined";
  if (name !== "ReferenceError" || !endsWith(message, end)) return "";
  const missing = slice(message, 0, -end.length);
  return has(MISSING, missing) ? ". " + MISSING[missing] : "";
}

function failure(error, fault = "thrown") {
  let { name, message, status } = describe(error);
  if (name === "InternalError" && message === "out of memory") {
    fault = "limit";
    message = "More than " + MOST_MEMORY + " of memory used by one run.";
  } else if (name === "RangeError" && message === "Maximum call stack size exceeded") {
    fault = "limit";
    message = "Functions or values that are nested too deep.";
  } else {
    message = attempt(() => getOf(instead, error)) ?? message + hintFor(name, message);
  }
  if (startsWith(message, "Failed to normalize module")) message = "A program cannot import. " + MISSING.require;
  const stack = stackOf(error);
  // Text by text: `stringify` of an object asks prototypes that programs can spoil.
  const texts = '{"failure":{"fault":' + stringify(fault) + ',"name":' + stringify(name) + ',"message":' + stringify(message);
  return texts + ',"status":' + (status ?? "null") + ',"place":' + stringify(placeOf(stack)) + ',"stack":' + stringify(stack) + "}}";
}

function where() {
  return placeOf(stackOf(new NativeError("here")));
}

return { begin, called, failed, finish, where };
