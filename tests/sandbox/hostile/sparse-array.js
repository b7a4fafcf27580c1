// stops: memory
// A sparse array, which JSON writes out.
function run() {
  const answer = [];
  answer[2 ** 32 - 2] = 1;
  return answer;
}
