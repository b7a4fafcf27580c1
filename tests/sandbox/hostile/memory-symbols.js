// stops: memory|cpu
// Names that are never forgotten.
function run() {
  const held = {};
  for (let index = 0; ; index += 1) held[Symbol.for("name" + index)] = "name".repeat(10) + index;
}
