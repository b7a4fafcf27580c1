// breaks: waits for a promise
// A promise that waits for nothing.
function run() {
  return { then() {} };
}
