// stops: cpu|memory
// An object that is written out exponentially.
function run() {
  let tree = ["x"];
  for (let level = 0; level < 60; level += 1) tree = [tree, tree];
  return JSON.stringify(tree).length;
}
