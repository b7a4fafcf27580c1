// answers: [2,4]
// A species that is no constructor of arrays.
function run() {
  const list = [1, 2];
  list.constructor = { [Symbol.species]: function () { return []; } };
  return list.map((n) => n * 2);
}
