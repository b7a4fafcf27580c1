// stops: cpu|memory
// A library that works without end.
function run() {
  for (;;) _.range(0, 1000000);
}
