// throws: not a function
// A buffer that is taken away while it is in use.
function run() {
  return new ArrayBuffer(8).transfer(0).byteLength;
}
