// answers: "undefined"
// Another constructor that has no name.
function run() {
  const GeneratorFunction = (function* () {}).constructor;
  return new GeneratorFunction("yield typeof call_python")().next().value;
}
