// stops: memory|cpu
// Memory that is used up, and then again.
function run() {
  const kept = [];
  for (;;) { try { for (;;) kept.push(new Array(1000).fill(kept)); } catch {} }
}
