import { io, type Socket } from "socket.io-client";
import { SignedOut } from "./errors.js";
import type { Tokens } from "./tokens.js";

/** The project's events and what comes with each. `tidegate schema --events` writes a module that adds them. */
export interface Events {}

export type EventName = keyof Events & string;

/** Socket events over Socket.IO. `missed` is called when it is back after a time of which nothing is known: what came
 * in between is gone, so ask again for whatever follows from events. Connected from the first `on`. */
export class SocketEvents {
  readonly #socket: Socket;
  readonly #tokens: Tokens;
  readonly #missed = new Set<() => void>();
  #connected = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(origin: string, tokens: Tokens) {
    this.#tokens = tokens;
    this.#socket = io(origin, {
      auth: (give) => void tokens.fresh().then(
        (token) => give(token === null ? {} : { token }),
        (reason: unknown) => {
          // Whoever is signed out has nobody to come back as.
          if (reason instanceof SignedOut) this.#socket.disconnect();
          else this.#later();
        },
      ),
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 250,
      reconnectionDelayMax: 4000,
      // By plain requests where websockets do not get through.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
    });
    this.#socket.on("connect", () => {
      if (this.#connected && !this.#socket.recovered) for (const missed of [...this.#missed]) missed();
      this.#connected = true;
    });
    this.#socket.on("notAuthorized", () => {
      tokens.forget();
      void this.#login();
    });
    this.#socket.on("connect_error", () => {
      // Refused by the gateway, not by the network: Socket.IO does not come back from that by itself.
      if (!this.#socket.active) {
        tokens.forget();
        this.#later();
      }
    });
  }

  on<Name extends EventName>(event: Name, handler: (data: Events[Name]) => void): () => void {
    // The newest of the arguments that Socket.IO adds is nobody's: only the first is the event's.
    const heard = (data: Events[Name]): void => handler(data);
    this.#socket.on(event as string, heard as (data: unknown) => void);
    if (!this.#socket.connected && !this.#socket.active) this.#socket.connect();
    return () => this.#socket.off(event as string, heard as (data: unknown) => void);
  }

  onMissed(handler: () => void): () => void {
    this.#missed.add(handler);
    return () => this.#missed.delete(handler);
  }

  renew(token: string): void {
    if (this.#socket.connected) this.#socket.emit("login", token);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#socket.disconnect();
  }

  async #login(): Promise<void> {
    try {
      const token = await this.#tokens.fresh();
      if (token !== null) this.renew(token);
    } catch {
      // The gateway ends the connection, and the next handshake asks for a token again.
    }
  }

  #later(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.disconnect().connect(), 1000);
  }
}
