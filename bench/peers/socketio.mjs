// socket.io as its documentation sets it up. Whoever connects to CONTROL and writes a line has everybody told of it.
//   node socketio.mjs PORT CONTROL LENGTH
import { createServer } from "node:http";
import net from "node:net";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const [port, control, length] = process.argv.slice(2).map(Number);
const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
io.on("connection", (socket) => socket.join("everybody"));
const padding = "x".repeat(length);
net
  .createServer((caller) => {
    createInterface({ input: caller }).on("line", (line) => {
      io.to("everybody").emit("tick", { line, tickets: [{ id: 1, padding }] });
    });
  })
  .listen(control, "127.0.0.1");
http.listen(port, "127.0.0.1");
