// Runs one GraphQL document with one client over HTTP: streams.mjs CLIENT ADDRESS DOCUMENT [TOKEN].
// Each result is a line of JSON, and so is the end: {"end": null} or {"end": "why"}. Closing stdin unsubscribes.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-sse";

const [kind, url, document, token] = process.argv.slice(2);
const headers = token ? { authorization: `Bearer ${token}` } : {};
const print = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const observer = {
  next: print,
  error: (error) => print({ end: error.message }),
  complete: () => print({ end: null }),
};
const isSubscription = document.includes("subscription");

const kinds = {
  distinct() {
    const client = createClient({ url, headers, retryAttempts: 0 });
    return client.subscribe({ query: document }, observer);
  },
  single() {
    const client = createClient({ url, headers, retryAttempts: 0, singleConnection: true });
    return client.subscribe({ query: document }, observer);
  },
  apollo() {
    const client = new ApolloClient({ link: new HttpLink({ uri: url, headers }), cache: new InMemoryCache() });
    const next = (result) => print({ data: result.data, error: result.error?.message });
    if (!isSubscription) {
      client.query({ query: gql(document) }).then(next).then(observer.complete, observer.error);
      return () => {};
    }
    const subscription = client.subscribe({ query: gql(document) }).subscribe({ ...observer, next });
    return () => subscription.unsubscribe();
  },
  urql() {
    const client = new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, fetchOptions: { headers } });
    const next = (result) => {
      print({ data: result.data, error: result.error?.message });
      if (!result.hasNext) observer.complete();
    };
    const source = isSubscription ? client.subscription(document, {}) : client.query(document, {});
    const { unsubscribe } = source.subscribe(next);
    return unsubscribe;
  },
};

const unsubscribe = kinds[kind]();
process.stdin.on("end", async () => {
  unsubscribe();
  // A client may have something to say to the server before it goes.
  setTimeout(() => process.exit(0), 200);
});
process.stdin.resume();
