// answers: "nothing"
// A trap for what the next evaluation publishes.
let caught = "nothing";
for (const name of ["call_python", "dukpy"]) {
  Object.defineProperty(globalThis, name, { set: (value) => (caught = value), configurable: false });
}
function run() {
  (0, eval)("1");
  return typeof caught === "string" ? caught : "a function";
}
