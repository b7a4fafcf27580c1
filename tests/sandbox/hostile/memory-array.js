// stops: memory
// An array that grows.
function run() {
  const list = [];
  for (;;) list.push(new Array(10000).fill(list.length));
}
