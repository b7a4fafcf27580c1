// answers: ["undefined","undefined"]
// The same by functions that the gateway gave.
function run() {
  return [$http, console.log].map((given) => given.constructor.constructor("return typeof call_python")());
}
