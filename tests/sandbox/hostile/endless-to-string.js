// stops: cpu
// A loop while the error is described.
function run() {
  const error = new Error("x");
  Object.defineProperty(error, "message", { get() { for (;;) {} } });
  throw error;
}
