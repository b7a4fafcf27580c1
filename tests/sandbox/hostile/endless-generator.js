// stops: cpu
// A generator without end.
function run() {
  return [...(function* () { for (;;) yield; })()].length;
}
