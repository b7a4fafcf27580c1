// throws: circular reference
// An answer within itself.
function run() {
  const answer = { list: [] };
  answer.list.push(answer);
  return answer;
}
