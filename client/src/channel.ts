/** What is sent to the gateway. */
export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown> | undefined;
}

/** A GraphQL response, as it came. */
export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> | undefined }[];
}

/** Whom the answers are for. After `error` or `complete` nothing comes. */
export interface Sink {
  next(answer: Answer): void;
  error(reason: unknown): void;
  complete(): void;
}

/** `idle`: nobody watches anything. `waiting`: the connection is lost, and tried again. `signedOut`: there is no token
 * to be had any more. */
export type Status = "idle" | "connecting" | "open" | "waiting" | "signedOut";

/** A way to the gateway on which many operations go on. It comes back by itself, and begins them again. */
export interface Channel {
  subscribe(operation: Operation, sink: Sink): () => void;
  /** Hands over a token that takes the place of the one before. */
  renew(token: string): void;
  /** Once whatever the gateway had sent before it heard of this has arrived: true; false if the connection was lost, and
   * everything that comes from now on is newer. */
  settle(): Promise<boolean>;
  close(): void;
}

/** What a channel asks of, and tells, whoever made it. */
export interface Surroundings {
  readonly url: URL;
  /** Milliseconds for which a connection without operations stays open. */
  readonly linger: number;
  /** With the token. */
  readonly fetch: typeof fetch;
  /** Waits until there is a token. Throws `SignedOut`. */
  readonly token: () => Promise<string | null>;
  /** The gateway did not take this token. */
  refused(token: string | null): void;
  say(status: Status): void;
  isSignedOut(): boolean;
}

/** Nothing was heard for so many milliseconds after something had to be: the connection died without a word. */
export const DEAF = 10_000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;

/** Milliseconds until the next attempt, longer each time and never the same for everybody. */
export function pause(attempt: number, first = FIRST_WAIT, longest = LONGEST_WAIT): number {
  return Math.min(first * 2 ** attempt, longest) * (0.5 + Math.random() / 2);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
