// throws: undefined
// Thrown: nothing.
function run() {
  throw undefined;
}
