// answers: true
// A list that changes while it is sorted.
function run() {
  const list = Array.from({ length: 100 }, (_, index) => index);
  list.sort((a, b) => { list.length = 0; list.push(b); return b - a; });
  return Array.isArray(list);
}
