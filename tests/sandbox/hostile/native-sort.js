// stops: cpu
// Sorting without end.
function run() {
  const list = Array.from({ length: 200000 }, (_, index) => index);
  for (;;) list.sort();
}
