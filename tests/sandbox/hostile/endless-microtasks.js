// stops: cpu
// Work without end after the answer was given.
function run() {
  const again = () => queueMicrotask(again);
  again();
  return 1;
}
