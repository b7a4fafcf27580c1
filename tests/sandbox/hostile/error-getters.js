// throws: 
// An error whose message is a getter that throws.
function run() {
  const error = new Error("x");
  for (const name of ["message", "name", "stack", "status"]) {
    Object.defineProperty(error, name, { get() { throw new Error("again"); } });
  }
  throw error;
}
