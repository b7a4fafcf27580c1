// answers: [16,false]
// A view that is longer than its buffer, by a constructor that changes its mind.
function run() {
  const length = { valueOf: () => 16 };
  const buffer = new ArrayBuffer(length, { maxByteLength: 4096 });
  return [buffer.byteLength, Boolean(buffer.resizable)];
}
