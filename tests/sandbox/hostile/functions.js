// answers: null
// A function as the answer.
function run() {
  return () => 1;
}
