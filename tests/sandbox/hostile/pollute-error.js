// throws: plain
// Errors that look like others.
function run() {
  Error.prototype.toString = () => "forged";
  Object.defineProperty(Error.prototype, "stack", { get: () => "    at forged (elsewhere.js:1:1)" });
  throw new Error("plain");
}
