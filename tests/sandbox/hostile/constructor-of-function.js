// answers: ["undefined","undefined","undefined","undefined"]
// The way out of many sandboxes: Function by way of a constructor.
function run() {
  const make = (() => {}).constructor;
  return ["process", "require", "call_python", "dukpy"].map((name) => make(`return typeof ${name}`)());
}
