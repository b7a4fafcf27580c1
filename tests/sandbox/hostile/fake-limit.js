// throws: More memory
// An error with the words of the engine's own.
function run() {
  const error = new Error("More memory than a run may use");
  error.name = "LimitExceeded";
  throw error;
}
