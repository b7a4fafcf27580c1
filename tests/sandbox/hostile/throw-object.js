// throws: {"code":7}
// Thrown: an object.
function run() {
  throw { code: 7 };
}
