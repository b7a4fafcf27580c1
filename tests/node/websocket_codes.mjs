// What graphql-ws makes of each way to be closed. Prints one JSON object for each: the code, the reason, and whether it
// has come back.
//   node websocket_codes.mjs URL TOKEN
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const query = "subscription { openTickets }";
const init = { authorization: `Bearer ${token}` };
const send = (message) => (socket) => socket.send(JSON.stringify(message));

// Each sends once what it should not.
const ways = {
  "no message": { on: { connected: send([]) } },
  "before init": { on: { opened: send({ type: "subscribe", id: "a", payload: { query } }) } },
  "a bad token": { connectionParams: once({ authorization: "Bearer none" }) },
  "one id twice": { generateID: () => "same" },
  "init twice": { on: { connected: send({ type: "connection_init" }) } },
};

function once(first) {
  let params = first;
  return () => {
    const given = params;
    params = init;
    return given;
  };
}

for (const [way, { on = {}, ...options }] of Object.entries(ways)) {
  const seen = await new Promise((resolve) => {
    let closed;
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: init,
      retryWait: async () => {},
      ...options,
      on: {
        ...on,
        closed: ({ code, reason }) => (closed ??= { code, reason }),
        connected(socket) {
          if (closed) resolve({ ...closed, back: true });
          else on.connected?.(socket);
        },
      },
    });
    const sink = { next() {}, complete() {}, error: () => resolve({ ...closed, back: false }) };
    client.subscribe({ query }, sink);
    client.subscribe({ query }, sink);
  });
  console.log(JSON.stringify({ way, ...seen }));
}
process.exit(0);
