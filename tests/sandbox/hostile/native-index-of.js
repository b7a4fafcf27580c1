// stops: cpu
// A search in native code, where no interrupt is looked for.
function run() {
  return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
}
