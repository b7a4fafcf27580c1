// stops: memory|cpu
// Promises that wait for each other.
function run() {
  let last = Promise.resolve();
  for (;;) last = last.then(() => last);
}
