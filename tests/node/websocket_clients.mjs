// One subscription by each of three clients over graphql-ws: urql, Apollo Client, Relay. Prints what each is given.
//   node websocket_clients.mjs URL
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import WebSocket from "ws";

const { Environment, Network, Observable, RecordSource, Store } = relay;
const [url] = process.argv.slice(2);
const client = createClient({ url, webSocketImpl: WebSocket });
const query = "subscription { count(to: 3) }";

const collected = (subscribe) =>
  new Promise((resolve, reject) => {
    const values = [];
    subscribe({
      next: ({ data }) => values.push(data.count),
      error: reject,
      complete: () => resolve(values),
    });
  });

const forward = (asked, sink) =>
  client.subscribe({ ...asked, query: asked.query ?? asked.text }, sink);

const urql = new Client({
  url: "http://unused.invalid",
  preferGetMethod: false,
  exchanges: [
    subscriptionExchange({
      forwardSubscription: (asked) => ({
        subscribe: (sink) => ({ unsubscribe: forward(asked, sink) }),
      }),
    }),
  ],
});
const byUrql = await new Promise((resolve) => {
  const values = [];
  urql.subscription(query, {}).subscribe(({ data }) => {
    values.push(data.count);
    if (values.length === 3) resolve([...values]);
  });
});

const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
const byApollo = await collected((sink) => apollo.subscribe({ query: gql(query) }).subscribe(sink));

const network = Network.create(
  () => Observable.from(Promise.reject(new Error("no queries here"))),
  ({ text }, variables) => Observable.create((sink) => forward({ text, variables }, sink)),
);
const environment = new Environment({ network, store: new Store(new RecordSource()) });
const field = {
  alias: null,
  args: [{ kind: "Literal", name: "to", value: 3 }],
  kind: "ScalarField",
  name: "count",
  storageKey: "count(to:3)",
};
const request = {
  kind: "Request",
  fragment: { argumentDefinitions: [], kind: "Fragment", metadata: null, name: "S", selections: [field], type: "Subscription" },
  operation: { argumentDefinitions: [], kind: "Operation", name: "S", selections: [field] },
  params: { cacheID: "1", id: null, metadata: {}, name: "S", operationKind: "subscription", text: "subscription S { count(to: 3) }" },
};
const byRelay = await new Promise((resolve, reject) => {
  const values = [];
  relay.requestSubscription(environment, {
    subscription: request,
    variables: {},
    onNext: ({ count }) => values.push(count),
    onError: reject,
    onCompleted: () => resolve(values),
  });
});
console.log(JSON.stringify({ urql: byUrql, apollo: byApollo, relay: byRelay }));
await client.dispose();
