// stops: cpu|memory
// A number with many digits.
function run() {
  const n = 3n ** 300000n;
  for (;;) n * n;
}
