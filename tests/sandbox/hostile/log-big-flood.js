// exceeds: written to console
// Long lines.
function run() {
  for (;;) console.warn("é".repeat(5000));
}
