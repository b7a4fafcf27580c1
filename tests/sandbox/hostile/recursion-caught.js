// answers: 1
// A function that calls itself, and catches.
let depth = 0;
function deeper() {
  depth += 1;
  try { deeper(); } catch {}
}
function run() {
  deeper();
  return 1;
}
