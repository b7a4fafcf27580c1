// exceeds: 
// An array of many millions.
function run() {
  return new Array(2 ** 25).fill(0);
}
