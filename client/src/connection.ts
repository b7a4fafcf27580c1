import type { Channel, Operation, Sink, Status, Surroundings } from "./channel.js";
import { asSubscription, type Document, isSubscription, stableKey } from "./documents.js";
import { asError, firstError, GatewayError, SignedOut } from "./errors.js";
import { EventStreamChannel } from "./event-stream.js";
import { SocketEvents } from "./events.js";
import { type Live, LiveQuery, type LiveState, LOADING, type Overlay, type Results } from "./live.js";
import { opened, Operations } from "./operations.js";
import { Cell, type Store } from "./store.js";
import { type AskForToken, Tokens } from "./tokens.js";
import { WebSocketChannel } from "./websocket.js";

export interface ConnectionOptions {
  /** Of `/graphql`. Default: the page's own origin. */
  readonly url?: string | URL;
  readonly token?: AskForToken;
  /** How live results come. `auto`, the default: by websocket, or where those do not get through by server-sent events. */
  readonly transport?: "auto" | "websocket" | "events";
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

/** After so many attempts by websocket that did not reach a gateway that answers requests, there is another way. */
const ATTEMPTS = 2;

/** One user's connection with a gateway: live queries over one websocket, requests over HTTP, events over Socket.IO,
 * all with the same token, which is renewed inside the connections. Nothing is connected before it is needed. */
export class Connection {
  readonly events: SocketEvents;
  readonly #options: ConnectionOptions;
  readonly #url: URL;
  readonly #tokens: Tokens;
  readonly #status = new Cell<Status>("idle");
  readonly #queries = new Map<string, LiveQuery<unknown>>();
  readonly #linger: number;
  readonly #operations: Operations;
  #channel: Channel | undefined;
  #failed = 0;
  #closed = false;

  constructor(options: ConnectionOptions = {}) {
    this.#options = options;
    this.#url = addressOf(options.url);
    this.#linger = options.linger ?? 5000;
    const ask = options.token ?? (async () => null);
    this.#tokens = new Tokens(() => this.#asked(ask), (token) => this.#renewed(token));
    this.#operations = new Operations(
      () => (this.#channel ??= this.#connect(this.#options.transport === "events")),
      () => this.#tokens.forget(),
      () => this.#status.get() === "signedOut",
    );
    this.events = new SocketEvents(this.#url.origin, this.#tokens);
  }

  get status(): Store<Status> {
    return this.#status;
  }

  /** The query, and its newest result from now on. Equal ones are asked once, and have the same state. */
  live<Result, Variables>(document: Document<Result, Variables>, variables?: Variables): Live<Result> {
    const query = asSubscription(document as Document<unknown, never>);
    const key = `${document.toString()}\n${stableKey(variables ?? {})}`;
    const watched = (): LiveQuery<unknown> | undefined => this.#queries.get(key);
    return {
      get: () => (watched()?.get() ?? LOADING) as LiveState<Result>,
      subscribe: (listener) => (watched() ?? this.#watch(key, { query, variables: variables as Operation["variables"] })).subscribe(listener),
    };
  }

  /** A query or a mutation over HTTP. Throws `GatewayError`, and whatever `signal` was aborted with. */
  async request<Result, Variables>(
    document: Document<Result, Variables>,
    variables?: Variables,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Result> {
    let answer: { data?: Result | null; errors?: { message: string; extensions?: Record<string, unknown> }[] };
    try {
      const response = await this.fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ query: document.toString(), variables }),
        ...options,
      });
      answer = (await response.json()) as typeof answer;
    } catch (reason) {
      if (options.signal?.aborted === true) throw reason;
      throw asError(reason);
    }
    if (answer.errors !== undefined) throw firstError(answer.errors);
    if (answer.data === undefined || answer.data === null) throw new GatewayError("There is no data.", "INTERNAL");
    return answer.data;
  }

  /** `fetch` with the token, for any GraphQL client. A token that was refused is asked for again, once. No other origin
   * than the gateway's gets it. */
  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const address = new URL(input instanceof Request ? input.url : input, this.#url);
    if (address.origin !== this.#url.origin) return fetch(input, init);
    let token: string | null = null;
    const send = async (): Promise<Response> => {
      const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
      token = await this.#tokens.fresh();
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(input instanceof Request ? input.clone() : input, { ...init, headers });
    };
    const response = await send();
    if (response.status !== 401) return response;
    this.#tokens.forget(token);
    return send();
  };

  /** Does `run`, and shows what it will have changed at once; if it fails that is taken back, and the error thrown. */
  async optimistic<Outcome>(run: () => Promise<Outcome>, changes: readonly Change<Outcome>[]): Promise<Outcome> {
    const laid: [LiveQuery<unknown>, Overlay][] = [];
    for (const { document, apply } of changes) {
      const prefix = `${document.toString()}\n`;
      for (const [key, query] of this.#queries) {
        if (!key.startsWith(prefix)) continue;
        const made = { apply: apply as Overlay["apply"], outcome: undefined, answered: 0, fresh: false, later: 0, settled: false };
        laid.push([query, made]);
        query.lay(made);
      }
    }
    try {
      const outcome = await run();
      const settled = laid.length === 0 || this.#channel === undefined ? Promise.resolve(false) : this.#channel.settle();
      for (const [query, overlay] of laid) void query.confirm(overlay, outcome, settled);
      return outcome;
    } catch (reason) {
      for (const [query, overlay] of laid) query.lift(overlay);
      throw reason;
    }
  }

  /** The same connection for another GraphQL client: urql's `forwardSubscription`, for one. */
  forward(operation: Operation, sink: Sink): () => void {
    return this.#begin(operation, sink, isSubscription(operation.query));
  }

  /** Ends everything for good: whatever is watched later stays as it is. */
  close(): void {
    this.#closed = true;
    this.#tokens.close();
    this.events.close();
    for (const query of [...this.#queries.values()]) query.close();
    this.#operations.clear();
    this.#channel?.close();
    this.#channel = undefined;
    this.#status.set("idle");
  }

  #watch(key: string, operation: Operation): LiveQuery<unknown> {
    const open = (results: Results<unknown>) => this.#subscribe(operation, results);
    const made = new LiveQuery<unknown>(open, () => this.#queries.get(key) === made && this.#queries.delete(key), this.#linger);
    this.#queries.set(key, made);
    return made;
  }

  #subscribe(operation: Operation, results: Results<unknown>): () => void {
    return this.#begin(
      operation,
      {
        next: (answer) => {
          const found = opened(answer);
          if ("error" in found) results.error(found.error);
          else results.next(found.data);
        },
        error: (reason) => results.error(asError(reason)),
        complete: () => undefined,
      },
      true,
    );
  }

  #begin(operation: Operation, sink: Sink, lasting: boolean): () => void {
    return this.#closed ? () => undefined : this.#operations.begin(operation, sink, lasting);
  }

  #connect(byEvents: boolean): Channel {
    let made: Channel | undefined;
    const surroundings: Surroundings = {
      url: this.#url,
      linger: this.#linger,
      fetch: this.fetch,
      token: () => this.#patientToken(),
      refused: (token) => this.#tokens.forget(token),
      say: (status) => {
        // One that was left has nothing to say any more.
        if (this.#channel === made && this.#status.get() !== "signedOut") this.#status.set(status);
      },
      isSignedOut: () => this.#status.get() === "signedOut",
    };
    if (byEvents) made = new EventStreamChannel(surroundings);
    else made = new WebSocketChannel(surroundings, this.#options.webSocket, () => void this.#unreached());
    return made;
  }

  /** A gateway that answers requests and no websocket is behind something that lets none through. */
  async #unreached(): Promise<void> {
    if ((this.#options.transport ?? "auto") !== "auto") return;
    const websocket = this.#channel;
    try {
      const body = JSON.stringify({ query: "{ __typename }" });
      const answer = await this.fetch(this.#url, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (!answer.ok || this.#channel !== websocket || this.#status.get() === "open") return;
      this.#failed += 1;
      if (this.#failed < ATTEMPTS) return;
    } catch {
      return;
    }
    this.#channel = this.#connect(true);
    this.#operations.move();
    websocket?.close();
  }

  /** Until there is a token, or none to be had: whatever else fails may pass. */
  async #patientToken(): Promise<string | null> {
    for (;;) {
      try {
        return await this.#tokens.fresh();
      } catch (reason) {
        if (reason instanceof SignedOut) throw reason;
        await new Promise((resolve) => setTimeout(resolve, 500));
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

  #renewed(token: string): void {
    this.#channel?.renew(token);
    this.events.renew(token);
    this.#operations.renewed();
  }
}

function addressOf(url: string | URL | undefined): URL {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  try {
    return new URL(url ?? "/graphql", page);
  } catch (cause) {
    throw new TypeError("Outside of a page, Connection needs the whole url of the gateway's /graphql.", { cause });
  }
}
