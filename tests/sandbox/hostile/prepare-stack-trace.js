// answers: "string"
// Frames as objects, which other engines hand to a hook.
function run() {
  Error.prepareStackTrace = (error, frames) => frames.map((frame) => frame.getFunction());
  return typeof new Error("x").stack;
}
