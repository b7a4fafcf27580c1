// throws: 
// Thrown: a proxy that throws.
function run() {
  const trap = () => { throw new Error("again"); };
  throw new Proxy(new Error("x"), { get: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap, has: trap, ownKeys: trap });
}
