// stops: cpu|memory
// A number with many digits.
function run() {
  let n = 3n;
  for (;;) n = n * n;
}
