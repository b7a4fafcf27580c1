// stops: cpu
// An object that grows while it is written.
function run() {
  const grow = () => ({ get next() { return 1; }, toJSON() { for (;;) {} } });
  return JSON.stringify(grow());
}
