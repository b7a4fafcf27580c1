// throws: Symbol(oops)
// Thrown: a symbol.
function run() {
  throw Symbol("oops");
}
