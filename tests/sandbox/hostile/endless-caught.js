// stops: cpu
// A loop that catches whatever would stop it.
function run() {
  for (;;) { try { for (;;) {} } catch {} finally { continue; } }
}
