// throws: 
// A proxy that is an array, and endless.
function run() {
  return new Proxy([], { get: (target, name) => (name === "length" ? -1n : name === "toJSON" ? undefined : 1) });
}
