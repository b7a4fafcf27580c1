// answers: 5
// The gateway's functions with another this.
function run() {
  const { log } = console;
  log.call(null, "x");
  log.apply(undefined, ["x"]);
  return [$http.get, socket.emitAll, security.hash, gateway.call].filter((given) => typeof given === "function").length + 1;
}
