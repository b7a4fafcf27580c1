// stops: cpu
// An expression that tries everything.
function run() {
  return /^(a+)+$/.test("a".repeat(40) + "b");
}
