// exceeds: events emitted
// More events than a run may emit.
function run() {
  for (;;) socket.emitAll("flood", { a: 1 });
}
