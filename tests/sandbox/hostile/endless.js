// stops: cpu
// A loop without end.
function run() {
  for (;;) {}
}
