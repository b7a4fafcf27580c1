import { type Client, createClient } from "graphql-ws";
import { asSubscription, type Document, stableKey } from "./documents.js";
import { asError, firstError, GatewayError, SignedOut } from "./errors.js";
import { EventSource } from "./events.js";
import { type Live, LiveQuery, type Overlay, type Sink } from "./live.js";
import { Cell, type Store } from "./store.js";
import { type AskForToken, Tokens } from "./tokens.js";

/** `idle`: nobody watches anything. `waiting`: the connection is lost, and tried again. `signedOut`: there is no token
 * to be had any more. */
export type Status = "idle" | "connecting" | "open" | "waiting" | "signedOut";

export interface ConnectionOptions {
  /** Of `/graphql`. Default: the page's own origin. */
  readonly url?: string | URL;
  readonly token?: AskForToken;
  /** For where there is none of the platform's own. */
  readonly webSocket?: unknown;
  /** Milliseconds for which a query that nobody watches any more stays open: whoever comes back finds it there. */
  readonly linger?: number;
}

/** A live query that is shown as if a mutation had been done already. */
export interface Change<Outcome> {
  readonly document: Document<never, never>;
  readonly apply: (data: never, outcome: Outcome | undefined) => unknown;
}

/** What a mutation will have changed in the answers to `document`, whatever their variables. `outcome` is undefined
 * until the mutation has been answered; from then on `apply` must leave data alone that show it already. */
export function change<Result, Variables, Outcome = unknown>(
  document: Document<Result, Variables>,
  apply: (data: Result, outcome: Outcome | undefined) => Result,
): Change<Outcome> {
  return { document: document as Document<never, never>, apply };
}

const PONG = 10_000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;

/** One user's connection with a gateway: live queries over one websocket, requests over HTTP, events over Socket.IO,
 * all with the same token, which is renewed inside the connections. */
export class Connection {
  readonly events: EventSource;
  readonly #url: URL;
  readonly #tokens: Tokens;
  readonly #status = new Cell<Status>("idle");
  readonly #queries = new Map<string, LiveQuery<unknown>>();
  readonly #linger: number;
  readonly #client: Client;
  #socket: WebSocket | undefined;

  constructor(options: ConnectionOptions = {}) {
    const page = (globalThis as { location?: { href: string } }).location?.href;
    this.#url = new URL(options.url ?? "/graphql", page);
    this.#linger = options.linger ?? 5000;
    const ask = options.token ?? (async () => null);
    this.#tokens = new Tokens(() => this.#asked(ask), (token) => this.#renew(token));
    this.events = new EventSource(this.#url.origin, this.#tokens);
    this.#client = this.#connect(options.webSocket);
  }

  get status(): Store<Status> {
    return this.#status;
  }

  /** The query, and its newest result from now on. Equal ones are one. */
  live<Result, Variables>(document: Document<Result, Variables>, variables?: Variables): Live<Result> {
    const key = `${document.toString()}\n${stableKey(variables ?? {})}`;
    const known = this.#queries.get(key);
    if (known !== undefined) return known as LiveQuery<Result>;
    const query = asSubscription(document as Document<unknown, never>);
    const made: LiveQuery<Result> = new LiveQuery<Result>(
      (sink) => {
        this.#queries.set(key, made as LiveQuery<unknown>);
        return this.#subscribe(query, variables, sink);
      },
      () => this.#queries.get(key) === made && this.#queries.delete(key),
      this.#linger,
    );
    this.#queries.set(key, made as LiveQuery<unknown>);
    return made;
  }

  /** A query or a mutation over HTTP. Throws `GatewayError`. */
  async request<Result, Variables>(document: Document<Result, Variables>, variables?: Variables): Promise<Result> {
    let answer: { data?: Result | null; errors?: { message: string; extensions?: Record<string, unknown> }[] };
    try {
      const response = await this.fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ query: document.toString(), variables }),
      });
      answer = (await response.json()) as typeof answer;
    } catch (reason) {
      throw asError(reason);
    }
    if (answer.errors !== undefined) throw firstError(answer.errors);
    if (answer.data === undefined || answer.data === null) throw new GatewayError("There is no data.", "INTERNAL");
    return answer.data;
  }

  /** `fetch` with the token, for any GraphQL client. A token that was refused is asked for again, once. */
  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const send = async (): Promise<Response> => {
      const headers = new Headers(init.headers);
      const token = await this.#tokens.fresh();
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    };
    const response = await send();
    if (response.status !== 401) return response;
    this.#tokens.forget();
    return send();
  };

  /** Does `run`, and shows what it will have changed at once; if it fails that is taken back, and the error thrown. */
  async optimistic<Outcome>(run: () => Promise<Outcome>, changes: readonly Change<Outcome>[]): Promise<Outcome> {
    const laid: [LiveQuery<unknown>, Overlay][] = [];
    for (const { document, apply } of changes) {
      const prefix = `${document.toString()}\n`;
      for (const [key, query] of this.#queries) {
        if (!key.startsWith(prefix)) continue;
        const overlay: Overlay = { apply: apply as Overlay["apply"], confirmed: false, outcome: undefined };
        laid.push([query, overlay]);
        query.lay(overlay);
      }
    }
    try {
      const outcome = await run();
      for (const [query, overlay] of laid) {
        overlay.confirmed = true;
        overlay.outcome = outcome;
        query.confirm(overlay);
      }
      return outcome;
    } catch (reason) {
      for (const [query, overlay] of laid) query.lift(overlay);
      throw reason;
    }
  }

  /** The same socket for another GraphQL client: urql's `forwardSubscription`, for one. */
  forward(request: { query: string; variables?: Record<string, unknown> | undefined }, sink: {
    next(value: unknown): void;
    error(reason: unknown): void;
    complete(): void;
  }): () => void {
    return this.#client.subscribe(request, sink as never);
  }

  close(): void {
    this.#tokens.close();
    this.events.close();
    for (const query of [...this.#queries.values()]) query.close();
    void this.#client.dispose();
    this.#status.set("idle");
  }

  #connect(webSocket: unknown): Client {
    const address = new URL(this.#url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    let deaf: ReturnType<typeof setTimeout> | undefined;
    return createClient({
      url: address.href,
      ...(webSocket === undefined ? {} : { webSocketImpl: webSocket }),
      connectionParams: () => this.#parameters(),
      keepAlive: 12_000,
      lazyCloseTimeout: this.#linger,
      retryAttempts: Infinity,
      shouldRetry: () => this.#status.get() !== "signedOut",
      retryWait: (retries) => {
        const longest = Math.min(FIRST_WAIT * 2 ** retries, LONGEST_WAIT);
        return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
      },
      on: {
        connecting: (isRetry) => this.#say(isRetry ? "waiting" : "connecting"),
        opened: (socket) => (this.#socket = socket as WebSocket),
        connected: () => this.#say("open"),
        closed: (event) => {
          clearTimeout(deaf);
          this.#socket = undefined;
          const { code } = event as CloseEvent;
          if (code === 4403) this.#tokens.forget();
          this.#say(code === 1000 ? "idle" : "waiting");
        },
        ping: (received) => {
          // A connection that died without a word is found out by its silence.
          if (!received) deaf = setTimeout(() => this.#socket?.close(4408, "no pong"), PONG);
        },
        pong: (received) => received && clearTimeout(deaf),
      },
    });
  }

  /** Until there is a token, or none to be had: whatever else fails may pass. */
  async #parameters(): Promise<Record<string, unknown>> {
    for (;;) {
      try {
        const token = await this.#tokens.fresh();
        return token === null ? {} : { authorization: `Bearer ${token}` };
      } catch (reason) {
        if (reason instanceof SignedOut) throw reason;
        await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT * 2));
      }
    }
  }

  async #asked(ask: AskForToken): ReturnType<AskForToken> {
    try {
      return await ask();
    } catch (reason) {
      if (reason instanceof SignedOut) this.#status.set("signedOut");
      throw reason;
    }
  }

  #renew(token: string): void {
    if (this.#status.get() === "open") {
      this.#socket?.send(JSON.stringify({ type: "ping", payload: { authorization: `Bearer ${token}` } }));
    }
    this.events.renew(token);
  }

  #subscribe<Result>(query: string, variables: unknown, sink: Sink<Result>): () => void {
    return this.#client.subscribe<Result>(
      { query, variables: variables as Record<string, unknown> },
      {
        next: (result) => {
          if (result.errors !== undefined && result.errors.length > 0) sink.error(firstError(result.errors));
          else if (result.data !== undefined && result.data !== null) sink.next(result.data);
        },
        error: (reason) => sink.error(asError(reason)),
        complete: () => undefined,
      },
    );
  }

  #say(status: Status): void {
    if (this.#status.get() !== "signedOut") this.#status.set(status);
  }
}
