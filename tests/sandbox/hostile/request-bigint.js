// throws: BigInt
// A question that JSON has no word for.
function run() {
  return gateway.call("anything", { n: 1n });
}
