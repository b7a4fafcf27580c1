import { type Answer, type Channel, type Operation, pause, type Sink } from "./channel.js";
import { asError, firstError, GatewayError, isRefusal } from "./errors.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

interface Kept {
  readonly operation: Operation;
  readonly sink: Sink;
  /** Without end: begun again where it ended. */
  readonly lasting: boolean;
  stop: (() => void) | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  failures: number;
  refused: boolean;
}

/** Everything that goes on, over whatever channel there is. What ended for a reason that may pass is begun again, and
 * what was refused when there is another token. */
export class Operations {
  readonly #kept = new Set<Kept>();
  readonly #channel: () => Channel;
  readonly #isOver: () => boolean;
  readonly #unauthenticated: () => void;

  /** `unauthenticated`: the gateway did not take the token. `isOver`: nothing is tried again. */
  constructor(channel: () => Channel, unauthenticated: () => void, isOver: () => boolean) {
    this.#channel = channel;
    this.#unauthenticated = unauthenticated;
    this.#isOver = isOver;
  }

  /** A lasting one tells each error, and goes on where it may. */
  begin(operation: Operation, sink: Sink, lasting: boolean): () => void {
    const kept: Kept = { operation, sink, lasting, stop: undefined, timer: undefined, failures: 0, refused: false };
    this.#kept.add(kept);
    this.#start(kept);
    return () => this.#drop(kept);
  }

  /** There is another token: it may be allowed to more. */
  renewed(): void {
    for (const kept of this.#kept) if (kept.refused) this.#start(kept);
  }

  /** There is another channel. */
  move(): void {
    for (const kept of this.#kept) {
      kept.stop?.();
      this.#start(kept);
    }
  }

  clear(): void {
    for (const kept of [...this.#kept]) this.#drop(kept);
  }

  #start(kept: Kept): void {
    clearTimeout(kept.timer);
    kept.timer = undefined;
    kept.refused = false;
    let current = true;
    const stop = this.#channel().subscribe(kept.operation, {
      next: (answer) => current && this.#next(kept, answer),
      error: (reason) => current && this.#ended(kept, asError(reason)),
      complete: () => current && this.#ended(kept, undefined),
    });
    kept.stop = () => {
      current = false;
      stop();
    };
  }

  #drop(kept: Kept): void {
    this.#kept.delete(kept);
    clearTimeout(kept.timer);
    kept.stop?.();
  }

  #next(kept: Kept, answer: Answer): void {
    const [error] = answer.errors ?? [];
    if (error?.extensions?.["code"] === "UNAUTHENTICATED") {
      this.#unauthenticated();
      // The token ran out on the way, and the stream ends: with another one it may go on as if nothing had been.
      if (kept.lasting && kept.failures === 0) return;
    }
    if (error === undefined) kept.failures = 0;
    kept.sink.next(answer);
  }

  #ended(kept: Kept, error: GatewayError | undefined): void {
    kept.stop = undefined;
    if (!kept.lasting || this.#isOver()) {
      this.#kept.delete(kept);
      if (error === undefined) kept.sink.complete();
      else kept.sink.error(error);
      return;
    }
    if (error !== undefined) kept.sink.error(error);
    if (error !== undefined && (isRefusal(error) || error.code === "BAD_USER_INPUT" || error.code === "NOT_FOUND")) {
      kept.refused = true;
      return;
    }
    const wait = pause(kept.failures, FIRST_WAIT, LONGEST_WAIT);
    kept.failures += 1;
    kept.timer = setTimeout(() => this.#start(kept), wait);
  }
}

/** The data of an answer, or its first error. */
export function opened(answer: Answer): { data: unknown } | { error: GatewayError } {
  if (answer.errors !== undefined && answer.errors.length > 0) return { error: firstError(answer.errors) };
  if (answer.data === undefined || answer.data === null) return { error: new GatewayError("There is no data.", "INTERNAL") };
  return { data: answer.data };
}
