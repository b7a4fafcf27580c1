// throws: More than
// An error with the words of the engine's own.
function run() {
  const error = new Error("More than 128 MiB of memory used by one run.");
  error.name = "LimitExceeded";
  throw error;
}
