// throws: 
// A proxy that is no more.
function run() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
