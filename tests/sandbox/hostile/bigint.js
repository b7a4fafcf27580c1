// throws: BigInt
// A number that JSON has no word for.
function run() {
  return { n: 2n ** 70n };
}
