// throws: circular reference
// A question within itself.
function run() {
  const given = {};
  given.given = given;
  return gateway.call("anything", given);
}
