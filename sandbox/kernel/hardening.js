// What programs have no use for. The first two are dukpy's; shared memory, weak references and buffers that change
// their size are where this engine is known to corrupt its own memory; and what would let a program decide what its
// errors tell.
for (const name of ["call_python", "dukpy", "Atomics", "SharedArrayBuffer", "WeakRef", "FinalizationRegistry"]) {
  delete global[name];
}
for (const name of ["resize", "resizable", "maxByteLength", "transfer", "transferToFixedLength", "detached"]) {
  delete ArrayBuffer.prototype[name];
}
NativeError.stackTraceLimit = 32;
delete NativeError.prepareStackTrace;
delete NativeError.stackTraceLimit;

// `maxByteLength` would still make a buffer that claims to be resizable.
{
  const NativeBuffer = ArrayBuffer;
  const { construct } = Reflect;
  const Buffer = function ArrayBuffer(length) {
    if (new.target === undefined) throw new NativeTypeError("constructor requires 'new'");
    return construct(NativeBuffer, [length], new.target === Buffer ? NativeBuffer : new.target);
  };
  for (const name of ownKeys(NativeBuffer)) {
    if (name !== "length") defineProperty(Buffer, name, getOwnPropertyDescriptor(NativeBuffer, name));
  }
  defineProperty(NativeBuffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true });
  provide("ArrayBuffer", Buffer);
}
