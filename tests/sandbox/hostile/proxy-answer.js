// throws: trapped
// A proxy as the answer.
function run() {
  return new Proxy({}, { ownKeys() { throw new Error("trapped"); }, get() { throw new Error("trapped"); } });
}
