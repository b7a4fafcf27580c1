// throws: 
// Iterators that never keep a promise.
function run() {
  const liar = { [Symbol.iterator]: () => ({ next: () => 5, return: () => { throw new Error("again"); } }) };
  const [a] = liar;
  return new Map(liar);
}
