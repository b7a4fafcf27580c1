// answers: 1
// A log line that branches a hundredfold at each level.
function run() {
  let tree = [1];
  for (let level = 0; level < 30; level += 1) tree = new Array(100).fill(tree);
  console.log(tree);
  return 1;
}
