// answers: [8,8]
// Buffers of a class of one's own.
class Mine extends ArrayBuffer {}
function run() {
  return [new Mine(8, { maxByteLength: 16 }).byteLength, Reflect.construct(ArrayBuffer, [8], Mine).byteLength];
}
