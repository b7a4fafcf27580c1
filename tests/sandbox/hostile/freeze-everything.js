// answers: 1
// Everything frozen, the input included.
function run(input) {
  Object.freeze(globalThis);
  Object.freeze(Object.prototype);
  Object.freeze(Array.prototype);
  Object.freeze(input);
  return 1;
}
