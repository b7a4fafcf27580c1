// answers: {"list":[null,null]}
// What JSON leaves out.
function run() {
  return { a: undefined, b: () => 1, c: Symbol("x"), list: [undefined, () => 1] };
}
