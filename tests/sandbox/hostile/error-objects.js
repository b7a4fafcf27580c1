// throws: 
// An error whose message is no text.
function run() {
  const error = new Error("x");
  error.message = { toString: () => { throw new Error("again"); } };
  error.name = Symbol("name");
  error.status = { valueOf: () => 200 };
  error.stack = 5;
  throw error;
}
