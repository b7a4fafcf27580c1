// answers: 1
// A log line of a million entries.
function run() {
  console.log(new Array(1000000).fill({ a: [1, 2, 3] }), "x".repeat(1000000));
  return 1;
}
