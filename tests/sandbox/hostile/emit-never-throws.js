// answers: [502,502,502,502]
// Backand's promise: an emit tells what is wrong, it does not throw.
function run() {
  const cycle = {};
  cycle.cycle = cycle;
  const given = [socket.emitAll("x", cycle), socket.emitAll("x", 1n), socket.emitRole("x", 1, ""), socket.emitUsers("x", 1, null)];
  return given.map((answer) => answer.status);
}
