// throws: outer
// An error that is its own cause.
function run() {
  const error = new Error("outer");
  error.cause = error;
  console.error(error);
  throw error;
}
