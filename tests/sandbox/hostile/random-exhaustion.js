// answers: true
// A megabyte of randomness in one go.
function run() {
  try { crypto.getRandomValues(new Uint8Array(1024 * 1024)); } catch (error) { return error.name === "RangeError"; }
}
