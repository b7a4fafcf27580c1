// stops: cpu|memory
// Long texts, again and again.
function run() {
  for (;;) "x".repeat(2 ** 24).padEnd(2 ** 25).split("");
}
