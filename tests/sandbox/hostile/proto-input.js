// answers: null
// __proto__ as a name in the input, which is written back.
function run(input) {
  Object.defineProperty(input, "__proto__", { value: { role: "admin" }, enumerable: true });
  return null;
}
