// throws: process is not defined
// The environment of the server.
function run() {
  return process.env;
}
