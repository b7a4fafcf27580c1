// answers: "object"
// Everything by way of an indirect this.
function run() {
  return typeof (function () { return this; })();
}
