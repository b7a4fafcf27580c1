// exceeds: nested too deep
// A text that nests deeper than the parser can go.
function run() {
  return eval("[".repeat(100000) + "]".repeat(100000));
}
