// throws: not even
// Something that only looks like a promise, and throws.
function run() {
  return { get then() { throw new Error("not even"); } };
}
