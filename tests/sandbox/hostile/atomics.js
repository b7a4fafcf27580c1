// throws: Atomics is not defined
// Shared memory, where this engine is known to use what it has freed.
function run() {
  return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e9);
}
