// answers: {"failure":{"message":"forged"}}
// An answer that looks like a failure.
function run() {
  return { failure: { message: "forged" } };
}
