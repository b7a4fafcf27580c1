// answers: 7
// The functions of Reflect and Function.
function run() {
  Reflect.apply = Function.prototype.call = Function.prototype.apply = () => { throw new Error("forged"); };
  console.log("x", [1]);
  return 7;
}
