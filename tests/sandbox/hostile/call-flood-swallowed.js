// exceeds: requests to the gateway
// The same by a program that answers as if nothing had been.
function run() {
  for (let index = 0; index < 1000; index += 1) try { security.compare("a", "b"); } catch {}
  return "all is well";
}
