// Readers over graphql-ws, each with a connection: graphql-ws alone, urql, Apollo Client, Relay.
//   node websocket_clients.mjs URL '[{"kind": …, "token": …, "documents": [subscription, …]}, …]'
// Prints a line of JSON for each thing that happens to a reader. Takes lines of JSON: {"reader": N, "token": …} renews a
// connection's token, and with "later": true the token is for the next connection alone. Ends when stdin does.
import { createInterface } from "node:readline";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { parse } from "graphql";
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import WebSocket from "ws";

const { Environment, Network, Observable, RecordSource, Store } = relay;
const [url, described] = process.argv.slice(2);
// Apollo Client asks for the names of types as well.
const plain = (key, value) => (key === "__typename" ? undefined : value);
const say = (what) => console.log(JSON.stringify(what, plain));

// Each takes a graphql-ws client, and gives a function that subscribes to a document.
const kinds = {
  "graphql-ws": (client) => (query, sink) => client.subscribe({ query }, sink),

  urql(client) {
    const forwardSubscription = ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }),
    });
    const urql = new Client({
      url: "http://unused.invalid",
      preferGetMethod: false,
      exchanges: [subscriptionExchange({ forwardSubscription })],
    });
    return (query, sink) =>
      urql.subscription(query, {}).subscribe(({ data, error }) => (error ? sink.error(error) : sink.next({ data })));
  },

  apollo(client) {
    const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
    return (query, sink) => apollo.subscribe({ query: gql(query) }).subscribe(sink);
  },

  relay(client) {
    const network = Network.create(
      () => Observable.from(Promise.reject(new Error("no queries here"))),
      ({ text }, variables) => Observable.create((sink) => client.subscribe({ query: text, variables }, sink)),
    );
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    return (query, sink) =>
      relay.requestSubscription(environment, {
        subscription: compiled(query),
        variables: {},
        onNext: (data) => sink.next({ data }),
        onError: sink.error,
        onCompleted: sink.complete,
      });
  },
};

// What relay-compiler would make of a document with literal arguments.
function compiled(text) {
  const selected = ({ selections }) =>
    selections.map((field) => {
      const name = field.name.value;
      const args = field.arguments.map((each) => ({
        kind: "Literal",
        name: each.name.value,
        value: each.value.kind === "IntValue" ? Number(each.value.value) : each.value.value,
      }));
      const shared = { alias: null, args, name, storageKey: null };
      if (!field.selectionSet) return { ...shared, kind: "ScalarField" };
      const plural = name.endsWith("s");
      return { ...shared, kind: "LinkedField", concreteType: "T", plural, selections: selected(field.selectionSet) };
    });
  const selections = selected(parse(text).definitions[0].selectionSet);
  const shared = { argumentDefinitions: [], metadata: null, name: "S", selections };
  return {
    kind: "Request",
    fragment: { ...shared, kind: "Fragment", type: "Subscription" },
    operation: { ...shared, kind: "Operation" },
    params: { cacheID: text, id: null, metadata: {}, name: "S", operationKind: "subscription", text },
  };
}

const readers = JSON.parse(described).map(({ kind, token, documents }, reader) => {
  const self = { token };
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${self.token}` }),
    // A server that is not there is no close event, and graphql-ws would give up.
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
    on: {
      connected(socket) {
        self.socket = socket;
        say({ reader, event: "connected" });
      },
      closed: ({ code, reason }) => say({ reader, event: "closed", code, reason }),
      pong: (received, payload) => received && say({ reader, event: "pong", payload }),
    },
  });
  const subscribe = kinds[kind](client);
  documents.forEach((query, document) =>
    subscribe(query, {
      next: ({ data, errors }) => say({ reader, document, data, errors }),
      error: (error) => say({ reader, document, error: error.message ?? error.reason ?? error }),
      complete: () => say({ reader, document, event: "complete" }),
    }),
  );
  return self;
});

for await (const line of createInterface({ input: process.stdin })) {
  const { reader, token, later } = JSON.parse(line);
  readers[reader].token = token;
  if (!later) readers[reader].socket.send(JSON.stringify({ type: "ping", payload: { authorization: `Bearer ${token}` } }));
}
process.exit(0);
