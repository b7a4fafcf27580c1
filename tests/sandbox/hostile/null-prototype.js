// answers: {"a":1}
// An answer that inherits nothing.
function run() {
  return Object.assign(Object.create(null), { a: 1 });
}
