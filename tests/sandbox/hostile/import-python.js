// throws: cannot import
// What the engine has for modules.
async function run() {
  return await import("os");
}
