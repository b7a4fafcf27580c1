// answers: "finally"
// Control flow that overtakes itself.
function run() {
  out: for (;;) { try { try { return "try"; } finally { break out; } } finally { void 0; } }
  return "finally";
}
