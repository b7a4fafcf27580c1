// throws: defines neither
// A run that is a getter, and no function.
Object.defineProperty(globalThis, "run", { get() { return 5; } });
