// stops: cpu
// A loop in a getter of the answer.
function run() {
  return { get a() { for (;;) {} } };
}
