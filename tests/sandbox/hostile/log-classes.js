// answers: 1
// Classes that lie about their names.
function run() {
  class A { static get name() { throw new Error("forged"); } get [Symbol.toStringTag]() { throw new Error("forged"); } }
  console.log(new A(), A, Object.create({ constructor: 5 }), Object.create({ get constructor() { throw 1; } }));
  console.log(Symbol("x"), 10n, -0, NaN, null, undefined, new Date(NaN), /x/g, RegExp.prototype, Date.prototype);
  return 1;
}
