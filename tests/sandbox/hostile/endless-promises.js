// stops: cpu
// Promises without end.
async function run() {
  for (;;) await null;
}
