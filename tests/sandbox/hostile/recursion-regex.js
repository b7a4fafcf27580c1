// answers: 
// An expression that nests deep.
function run() {
  try { new RegExp("(".repeat(50000) + ")".repeat(50000)).test("x"); } catch {}
  return null;
}
