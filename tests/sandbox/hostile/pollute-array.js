// answers: [1,2]
// Arrays that do something else.
function run() {
  Array.prototype.push = Array.prototype.map = Array.prototype.join = () => { throw new Error("forged"); };
  Array.prototype[Symbol.iterator] = () => { throw new Error("forged"); };
  return [1, 2];
}
