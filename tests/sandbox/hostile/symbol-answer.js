// answers: null
// A symbol as the answer.
function run() {
  return Symbol("x");
}
