// answers: 64
// A comparison that is never the same.
function run() {
  let turn = 0;
  const list = new Int32Array(64).map((_, index) => index);
  return list.sort(() => (turn += 1) % 3 - 1).length;
}
