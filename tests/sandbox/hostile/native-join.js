// stops: cpu|memory
// A join of a sparse array in native code.
function run() {
  return new Array(2 ** 32 - 1).join("").length;
}
