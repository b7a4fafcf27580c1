// throws: cannot be written as JSON: from a getter
// A getter in the answer.
function run() {
  return { get a() { throw new Error("from a getter"); } };
}
