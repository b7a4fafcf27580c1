// breaks: waits for a promise
// A promise that nobody settles.
async function run() {
  await new Promise(() => {});
}
