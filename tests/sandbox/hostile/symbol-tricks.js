// answers: {"a":1}
// Well-known symbols on the answer.
function run() {
  const answer = { a: 1 };
  for (const name of Object.getOwnPropertyNames(Symbol)) {
    if (typeof Symbol[name] === "symbol") answer[Symbol[name]] = () => { throw new Error("forged"); };
  }
  return answer;
}
