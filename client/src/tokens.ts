import { SignedOut } from "./errors.js";

/** A token, and for how many seconds it is good; where that is not said, it is read from the token. */
export interface Grant {
  readonly token: string;
  readonly expiresIn?: number | undefined;
}

/** Gives a token that is good from now on, or null for somebody anonymous. Throws `SignedOut` where there is none to
 * be had; whatever else it throws is tried again. */
export type AskForToken = () => Promise<string | Grant | null>;

/** The part of its life after which a token is renewed. */
const RENEWED_AFTER = 0.7;
const LONGEST_TIMER = 2 ** 31 - 1;

/** The token of whoever is signed in: asked for once by all who want it, and again before it expires. */
export class Tokens {
  readonly #ask: AskForToken;
  readonly #renewed: (token: string) => void;
  #token: string | null | undefined;
  // By two clocks: one does not go on while a laptop sleeps, the other may be set.
  #goodUntil = 0;
  #goodUntilDate = 0;
  #asking: Promise<string | null> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** `renewed` is told of each token that is another than the one before. */
  constructor(ask: AskForToken, renewed: (token: string) => void) {
    this.#ask = ask;
    this.#renewed = renewed;
  }

  /** One that is good now. */
  async fresh(): Promise<string | null> {
    if (this.#token !== undefined && performance.now() < this.#goodUntil && Date.now() < this.#goodUntilDate) {
      return this.#token;
    }
    return this.#again();
  }

  /** This token was refused: the next one who wants it gets another. One that has taken its place stays. Without a
   * token: whichever there is. */
  forget(refused?: string | null): void {
    if (refused === undefined || refused === this.#token) this.#goodUntil = 0;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #again(): Promise<string | null> {
    this.#asking ??= this.#get().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #get(): Promise<string | null> {
    const given = await this.#ask();
    const { token, expiresIn } = typeof given === "string" || given === null ? { token: given } : given;
    const life = token === null ? Infinity : (expiresIn ?? lifeOf(token));
    const another = token !== this.#token;
    this.#token = token;
    // A little early, for the way to the server takes time as well.
    const good = Math.max(0, life - Math.min(5, life / 10)) * 1000;
    this.#goodUntil = performance.now() + good;
    this.#goodUntilDate = Date.now() + good;
    if (another && token !== null && !this.#closed) this.#renewed(token);
    this.#plan(life * RENEWED_AFTER * 1000);
    return token;
  }

  #plan(after: number): void {
    clearTimeout(this.#timer);
    if (this.#closed || !Number.isFinite(after)) return;
    this.#timer = setTimeout(() => void this.#renew(), Math.min(after, LONGEST_TIMER));
  }

  async #renew(): Promise<void> {
    try {
      await this.#again();
    } catch (reason) {
      // Somebody signed out is found out by the next who wants a token; all else may pass.
      if (!(reason instanceof SignedOut)) this.#plan(Math.max(1000, (this.#goodUntil - performance.now()) / 3));
    }
  }
}

/** How many seconds a JWT is still good for at `now`. A clock by which it is not yet, or no more, is taken to be wrong, and
 * the token to be new. */
export function lifeOf(token: string, now = Date.now() / 1000): number {
  try {
    const [, claims = ""] = token.split(".");
    const { exp, iat } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as {
      exp?: number;
      iat?: number;
    };
    if (typeof exp !== "number") return Infinity;
    if (typeof iat !== "number") return Math.max(0, exp - now);
    return now > iat && now < exp ? exp - now : Math.max(0, exp - iat);
  } catch {
    return Infinity;
  }
}
