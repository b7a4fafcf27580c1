// throws: just words
// Thrown: a text.
function run() {
  throw "just words";
}
