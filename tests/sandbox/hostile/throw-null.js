// throws: null
// Thrown: null.
function run() {
  throw null;
}
