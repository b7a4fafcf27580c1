// A browser with socket.io-client. Prints one JSON object for each thing that happens; reads what to do, one JSON list
// in each line.
//   node events.mjs URL OPTIONS
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, options] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const { auth, ...others } = JSON.parse(options);
let given = auth ?? {};
const socket = io(url, {
  reconnectionDelay: 20,
  reconnectionDelayMax: 100,
  auth: (answer) => answer(given),
  ...others,
});
const transport = () => socket.io.engine?.transport?.name;
socket.onAny((...event) => say({ event }));
socket.on("connect", () => {
  say({ connect: socket.recovered === true, transport: transport(), pid: socket._pid !== undefined });
  socket.io.engine.once("upgrade", () => say({ upgraded: transport() }));
});
socket.on("connect_error", (error) => say({ connect_error: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => say({ disconnect: reason }));

const actions = {
  emit: (...event) => socket.emit(...event),
  disconnect: () => socket.disconnect(),
  connect: () => socket.connect(),
  auth: (another) => (given = another),
  // Nothing is read any more: what a suspended tab looks like to a server.
  deaf: () => socket.io.engine.transport.ws._socket.pause(),
  hear: () => socket.io.engine.transport.ws._socket.resume(),
};
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [action, ...rest] = JSON.parse(line);
    actions[action](...rest);
  })
  .on("close", () => process.exit(0));
