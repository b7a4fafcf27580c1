// answers: "undefined"
// The constructor that has no name.
async function run() {
  const AsyncFunction = (async () => {}).constructor;
  return await new AsyncFunction("return typeof call_python")();
}
