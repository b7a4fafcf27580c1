// throws: 
// A buffer that shrinks while it is sorted, where this engine is known to write past its end.
function run() {
  const buffer = new ArrayBuffer(8000, { maxByteLength: 16000 });
  const view = new Uint32Array(buffer);
  view.sort(() => { buffer.resize(0); return 0; });
  return view.length;
}
