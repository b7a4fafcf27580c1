// throws: 
// A generator that goes on within itself.
function run() {
  const generator = (function* () { generator.next(); yield 1; })();
  return generator.next().value;
}
