// answers: 1
// Circles in the log.
function run() {
  const a = { b: { c: [] } };
  a.b.c.push(a, a.b);
  console.log(a, new Map([[a, a]]), new Set([a]));
  return 1;
}
