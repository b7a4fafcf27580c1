// exceeds: requests to the gateway
// More questions than a run may ask.
function run() {
  for (;;) security.compare("a", "b");
}
