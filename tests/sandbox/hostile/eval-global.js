// answers: "undefined"
// Evaluation anew, where the engine might publish its door again.
function run() {
  return (0, eval)("typeof call_python");
}
