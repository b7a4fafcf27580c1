// answers: [2,1]
// What only sloppy code may.
function run() {
  var x = 1;
  with ({ x: 2 }) { eval("var y = x"); }
  return [y, x];
}
