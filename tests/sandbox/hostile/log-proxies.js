// answers: 1
// Proxies in the log.
function run() {
  const trap = () => { throw new Error("trapped"); };
  const traps = { get: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap };
  console.log(new Proxy({}, traps), new Proxy([], traps), new Proxy(() => 1, traps), new Proxy(new Map(), traps));
  return 1;
}
