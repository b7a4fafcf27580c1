// throws: trapped
// A run that is a proxy.
var run = new Proxy(() => 1, { apply() { throw new Error("trapped"); } });
