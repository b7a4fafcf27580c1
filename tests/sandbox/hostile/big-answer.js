// exceeds: answer has more than
// An answer of two megabytes.
function run() {
  return "x".repeat(2 * 1024 * 1024);
}
