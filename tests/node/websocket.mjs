// Subscriptions, queries and mutations by graphql-ws. Prints one JSON object for each thing that happens.
//   node websocket.mjs URL TOKEN|- DOCUMENT [DOCUMENT...]
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, ...documents] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  lazy: true,
  connectionParams: token === "-" ? undefined : { authorization: `Bearer ${token}` },
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: {
    connected: () => say({ event: "connected" }),
    closed: ({ code, reason }) => say({ event: "closed", code, reason }),
  },
});
await Promise.all(
  documents.map(
    (query, index) =>
      new Promise((resolve) => {
        client.subscribe(
          { query },
          {
            next: (result) => say({ index, result }),
            error: (errors) => {
              say({ index, errors: Array.isArray(errors) ? errors : String(errors.code ?? errors) });
              resolve();
            },
            complete: () => {
              say({ index, event: "complete" });
              resolve();
            },
          },
        );
      }),
  ),
);
await client.dispose();
