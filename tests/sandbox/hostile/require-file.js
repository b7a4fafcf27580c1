// throws: require is not defined
// A file of the machine as a CommonJS module.
function run() {
  return require("fs").readFileSync("/etc/passwd", "utf8");
}
