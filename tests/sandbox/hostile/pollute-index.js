// throws: forged
// A setter for the first place of all arrays, which the engine itself stumbles over.
function run() {
  Object.defineProperty(Array.prototype, "0", { set() { throw new Error("forged"); }, get: () => "forged" });
  console.log("still there");
  return { n: 1 };
}
