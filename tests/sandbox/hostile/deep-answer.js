// exceeds: nested too deep
// An answer deeper than any stack.
function run() {
  let answer = {};
  for (let depth = 0; depth < 100000; depth += 1) answer = { answer };
  return answer;
}
