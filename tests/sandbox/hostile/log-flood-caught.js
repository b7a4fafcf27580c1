// stops: cpu
// The same by a program that does not want to know.
function run() {
  for (;;) try { console.log("x"); } catch {}
}
