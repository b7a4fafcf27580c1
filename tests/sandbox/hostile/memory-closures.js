// stops: memory|cpu
// Functions that hold each other.
function run() {
  let held = () => 0;
  for (;;) { const before = held; held = () => before; }
}
