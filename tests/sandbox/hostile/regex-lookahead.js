// stops: cpu
// Another expression that tries everything.
function run() {
  return /(?=(a+))(?:\1*)*c/.test("a".repeat(30000));
}
