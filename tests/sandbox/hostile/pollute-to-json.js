// answers: "forged"
// toJSON of all objects: the answer is what it says, and nothing else is.
function run() {
  Object.prototype.toJSON = function () { return "value" in this ? "frame" : this === answer ? "forged" : { ...this }; };
  const answer = { n: 1 };
  return answer;
}
