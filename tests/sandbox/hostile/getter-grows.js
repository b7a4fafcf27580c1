// answers: 3
// A getter that asks the gateway while the answer is written.
let seen = 0;
function run() {
  return { toJSON() { console.log("while it is written"); seen += 3; return seen; } };
}
