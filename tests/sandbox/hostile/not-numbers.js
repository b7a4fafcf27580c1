// answers: [null,null,null,0]
// Numbers that JSON has no word for.
function run() {
  return [NaN, Infinity, -Infinity, -0];
}
