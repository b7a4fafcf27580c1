// exceeds: nested too deep
// A getter that reads itself.
const deep = { get deep() { return this.deep; } };
function run() {
  return deep.deep;
}
