// throws: 
// Thrown: a function.
function run() {
  throw () => 1;
}
