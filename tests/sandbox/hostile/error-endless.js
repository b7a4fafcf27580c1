// throws: xxxx
// An error with a message of a megabyte.
function run() {
  throw new Error("x".repeat(1024 * 1024));
}
