// exceeds: nested too deep
// toJSON that goes down without end.
function run() {
  const endless = { toJSON: () => ({ endless }) };
  return endless;
}
