// stops: memory
// A text that grows.
function run() {
  const kept = [];
  for (;;) kept.push("x".repeat(1000000) + kept.length);
}
