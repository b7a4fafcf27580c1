// answers: 7
// Promises that never call back.
async function run() {
  Promise.prototype.then = () => { throw new Error("forged"); };
  Promise.resolve = () => { throw new Error("forged"); };
  return 7;
}
