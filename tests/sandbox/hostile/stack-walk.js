// answers: null
// Functions that called this one.
function run() {
  return run.caller === null || run.caller === undefined ? null : "found";
}
