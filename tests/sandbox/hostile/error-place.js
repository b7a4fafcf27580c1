// throws: elsewhere
// A stack that names another file.
function run() {
  const error = new Error("elsewhere");
  error.stack = "    at forged (/etc/passwd:1:1)\n".repeat(100000);
  throw error;
}
