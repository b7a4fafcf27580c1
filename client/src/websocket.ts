import { type Client, createClient } from "graphql-ws";
import { type Channel, DEAF, type Operation, pause, type Sink, sleep, type Surroundings } from "./channel.js";

/** The gateway closes with it where a token is not good, or has expired. */
const FORBIDDEN = 4403;

/** A websocket, by graphql-ws. `failed` is told of each attempt that did not reach the gateway, until one has. */
export class WebSocketChannel implements Channel {
  readonly #client: Client;
  readonly #fences = new Map<number, (arrived: boolean) => void>();
  #socket: WebSocket | undefined;
  #acknowledged = false;
  #reached = false;
  #token: string | null = null;
  #fence = 0;

  constructor(surroundings: Surroundings, webSocket: unknown, failed: () => void) {
    const address = new URL(surroundings.url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    let deaf: ReturnType<typeof setTimeout> | undefined;
    this.#client = createClient({
      url: address.href,
      ...(webSocket === undefined ? {} : { webSocketImpl: webSocket }),
      connectionParams: async () => {
        this.#token = await surroundings.token();
        return this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
      },
      connectionAckWaitTimeout: DEAF,
      keepAlive: 12_000,
      lazyCloseTimeout: surroundings.linger,
      retryAttempts: Infinity,
      shouldRetry: () => !surroundings.isSignedOut(),
      retryWait: (attempt) => sleep(pause(attempt)),
      on: {
        connecting: (isRetry) => surroundings.say(isRetry ? "waiting" : "connecting"),
        opened: (socket) => (this.#socket = socket as WebSocket),
        connected: () => {
          this.#acknowledged = true;
          this.#reached = true;
          surroundings.say("open");
        },
        closed: (event) => {
          clearTimeout(deaf);
          const { code } = event as CloseEvent;
          if (code === FORBIDDEN) surroundings.refused(this.#token);
          else if (!this.#reached && code < 4000) failed();
          this.#socket = undefined;
          this.#acknowledged = false;
          this.#settleAll(false);
          surroundings.say(code === 1000 ? "idle" : "waiting");
        },
        ping: (received) => {
          // A connection that died without a word is found out by its silence.
          if (!received) deaf = setTimeout(() => this.#socket?.close(4408, "no pong"), DEAF);
        },
        pong: (received, payload) => {
          if (!received) return;
          clearTimeout(deaf);
          const fence = payload?.["settled"];
          if (typeof fence !== "number") return;
          this.#fences.get(fence)?.(true);
          this.#fences.delete(fence);
        },
      },
    });
  }

  subscribe(operation: Operation, sink: Sink): () => void {
    return this.#client.subscribe({ ...operation }, sink as never);
  }

  renew(token: string): void {
    if (!this.#acknowledged) return;
    this.#token = token;
    this.#ping({ authorization: `Bearer ${token}` });
  }

  settle(): Promise<boolean> {
    if (!this.#acknowledged) return Promise.resolve(false);
    this.#fence += 1;
    const fence = this.#fence;
    return new Promise((resolve) => {
      this.#fences.set(fence, resolve);
      // Answered behind whatever was on its way already.
      this.#ping({ settled: fence });
    });
  }

  close(): void {
    this.#settleAll(false);
    // It complains of a connection that was only being made.
    void (async () => this.#client.dispose())().catch(() => undefined);
  }

  #ping(payload: object): void {
    this.#socket?.send(JSON.stringify({ type: "ping", payload }));
  }

  #settleAll(arrived: boolean): void {
    for (const settle of this.#fences.values()) settle(arrived);
    this.#fences.clear();
  }
}
