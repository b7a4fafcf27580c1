// exceeds: 
// A proxy of a proxy, without end.
function run() {
  let proxy = {};
  for (let level = 0; level < 200000; level += 1) proxy = new Proxy(proxy, {});
  return proxy.x;
}
