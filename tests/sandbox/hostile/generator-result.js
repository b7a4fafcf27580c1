// answers: {}
// A generator as the answer.
function run() {
  return (function* () { for (;;) yield 1; })();
}
