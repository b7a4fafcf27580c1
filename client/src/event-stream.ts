import { type Answer, type Channel, DEAF, type Operation, pause, type Sink, sleep, type Surroundings } from "./channel.js";
import { asError, firstError, SignedOut } from "./errors.js";

interface Begun {
  readonly operation: Operation;
  readonly sink: Sink;
}

const TOKEN = "x-graphql-event-stream-token";
/** The gateway says something every 12 seconds, if only that it is there. */
const SILENCE = 12_000 + DEAF;

/** One stream of server-sent events for all operations, and a request to begin and to end each: for where websockets do
 * not get through. */
export class EventStreamChannel implements Channel {
  readonly #surroundings: Surroundings;
  readonly #url: string;
  readonly #begun = new Map<string, Begun>();
  #number = 0;
  #reservation: string | undefined;
  #stream: AbortController | undefined;
  #running = false;
  #closed = false;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#url = `${surroundings.url.href.replace(/\/$/, "")}/stream`;
  }

  subscribe(operation: Operation, sink: Sink): () => void {
    clearTimeout(this.#leaving);
    this.#number += 1;
    const id = String(this.#number);
    this.#begun.set(id, { operation, sink });
    if (this.#reservation !== undefined) void this.#begin(id);
    else if (!this.#running) void this.#run();
    return () => {
      if (!this.#begun.delete(id)) return;
      if (this.#reservation !== undefined) {
        const headers = { [TOKEN]: this.#reservation };
        this.#surroundings.fetch(`${this.#url}?operationId=${id}`, { method: "DELETE", headers }).catch(() => undefined);
      }
      this.#leave();
    };
  }

  /** Any request with the new token renews the stream. */
  renew(): void {
    void this.settle();
  }

  settle(): Promise<boolean> {
    if (this.#reservation === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      // Its answer is behind whatever was on its way already.
      const stop = this.subscribe(
        { query: "{ __typename }" },
        {
          next: () => undefined,
          error: () => resolve(false),
          complete: () => resolve(true),
        },
      );
      this.#stream?.signal.addEventListener("abort", () => {
        stop();
        resolve(false);
      });
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#leaving);
    this.#begun.clear();
    this.#stream?.abort();
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { say } = this.#surroundings;
    say("connecting");
    for (let attempt = 0; this.#begun.size > 0 && !this.#closed; attempt += 1) {
      try {
        await this.#follow(() => (attempt = 0));
      } catch (reason) {
        if (reason instanceof SignedOut) {
          this.#fail(reason);
          break;
        }
        // Whatever else it was may pass.
      }
      if (this.#begun.size === 0 || this.#closed) break;
      say("waiting");
      await sleep(pause(attempt));
    }
    this.#running = false;
    if (!this.#closed) say("idle");
  }

  /** One stream, to its end. */
  async #follow(opened: () => void): Promise<void> {
    const { fetch, say } = this.#surroundings;
    const reserved = await fetch(this.#url, { method: "PUT" });
    if (!reserved.ok) throw new Error(`PUT was answered with ${reserved.status}.`);
    const reservation = await reserved.text();
    const stream = new AbortController();
    const headers = { accept: "text/event-stream", [TOKEN]: reservation };
    const answer = await fetch(this.#url, { headers, signal: stream.signal });
    if (!answer.ok || answer.body === null) throw new Error(`GET was answered with ${answer.status}.`);
    this.#stream = stream;
    this.#reservation = reservation;
    opened();
    say("open");
    for (const id of this.#begun.keys()) void this.#begin(id);
    let silent: ReturnType<typeof setTimeout> | undefined;
    try {
      const reader = answer.body.getReader();
      const text = new TextDecoder();
      let unread = "";
      for (;;) {
        clearTimeout(silent);
        silent = setTimeout(() => stream.abort(), SILENCE);
        const { done, value } = await reader.read();
        if (done) return;
        const events = (unread + text.decode(value, { stream: true })).split("\n\n");
        unread = events.pop() ?? "";
        for (const event of events) this.#hear(event);
      }
    } finally {
      clearTimeout(silent);
      this.#reservation = undefined;
      stream.abort();
    }
  }

  #hear(event: string): void {
    let name = "";
    let data = "";
    for (const line of event.split("\n")) {
      if (line.startsWith("event:")) name = line.slice(6).trim();
      else if (line.startsWith("data:")) data += line.slice(5);
    }
    if (data.trim() === "") return;
    const { id, payload } = JSON.parse(data) as { id: string; payload?: Answer };
    const begun = this.#begun.get(id);
    if (begun === undefined) return;
    if (name === "next" && payload !== undefined) begun.sink.next(payload);
    else if (name === "complete") {
      this.#begun.delete(id);
      begun.sink.complete();
      this.#leave();
    }
  }

  #leave(): void {
    clearTimeout(this.#leaving);
    if (this.#begun.size === 0) this.#leaving = setTimeout(() => this.#stream?.abort(), this.#surroundings.linger);
  }

  async #begin(id: string): Promise<void> {
    const begun = this.#begun.get(id);
    const reservation = this.#reservation;
    if (begun === undefined || reservation === undefined) return;
    try {
      const answer = await this.#surroundings.fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json", [TOKEN]: reservation },
        body: JSON.stringify({ ...begun.operation, extensions: { operationId: id } }),
      });
      if (answer.status === 202 || !this.#begun.has(id)) return;
      // The stream is gone, and with the next one it begins again.
      if (answer.status === 404) return this.#stream?.abort();
      const { errors } = (await answer.json()) as Answer;
      this.#begun.delete(id);
      begun.sink.error(firstError(errors ?? []));
    } catch {
      if (reservation === this.#reservation) this.#stream?.abort();
    }
  }

  #fail(reason: unknown): void {
    const all = [...this.#begun.values()];
    this.#begun.clear();
    for (const { sink } of all) sink.error(asError(reason));
  }
}
