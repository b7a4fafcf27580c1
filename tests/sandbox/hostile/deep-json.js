// exceeds: nested too deep
// JSON that nests deeper than the parser can go.
function run() {
  return JSON.parse("[".repeat(1000000));
}
