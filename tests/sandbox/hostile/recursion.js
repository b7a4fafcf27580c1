// exceeds: nested too deep
// A function that calls itself.
function run() {
  return run();
}
