// exceeds: nested too deep
// A question deeper than any stack.
function run() {
  let given = {};
  for (let depth = 0; depth < 100000; depth += 1) given = { given };
  return gateway.call("anything", given);
}
