// exceeds: written to console
// More lines than anybody reads.
function run() {
  for (;;) console.log("x");
}
