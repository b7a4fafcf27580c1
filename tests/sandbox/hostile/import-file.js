// throws: cannot import
// A file of the machine as a module.
async function run() {
  return await import("/etc/passwd");
}
