// answers: {"__proto__":{"role":"admin"},"constructor":{"prototype":{}}}
// __proto__ as a name in the answer.
function run() {
  return JSON.parse('{"__proto__": {"role": "admin"}, "constructor": {"prototype": {}}}');
}
