import { stableKey } from "./documents.js";
import { type GatewayError, isRefusal } from "./errors.js";
import { Cell, type Store } from "./store.js";

/** What is known of a live query. `isLoading`: there is no first answer yet. `error` is there beside the last good
 * `data` where it may pass, and alone where the caller may not see this. */
export interface LiveState<Result> {
  readonly data: Result | undefined;
  readonly isLoading: boolean;
  readonly error: GatewayError | undefined;
  /** When the newest result came, by `performance.now()`. */
  readonly at: number | undefined;
}

/** A live query. It is asked for as long as somebody watches it. */
export type Live<Result> = Store<LiveState<Result>>;

/** Of what nobody watches yet. */
export const LOADING: LiveState<never> = { data: undefined, isLoading: true, error: undefined, at: undefined };

/** What is shown although the server has not said so yet: `apply` makes it of what the server said. `outcome` is what
 * the mutation gave, once it has; then `apply` must leave data alone that show it already. */
export interface Overlay {
  apply(data: never, outcome: unknown): unknown;
  outcome: unknown;
  /** The place among those whose mutation was answered, from 1; 0 until it was. */
  answered: number;
  /** A result has come since it was laid. */
  fresh: boolean;
  /** How many have come since whatever was on its way when the mutation was answered. */
  later: number;
  settled: boolean;
}

export type Unsubscribe = () => void;
export interface Results<Result> {
  next(data: Result): void;
  error(error: GatewayError): void;
}

/** How long an overlay waits for a result once every older one has arrived: an equal result is not sent again, so
 * there may be none. The longest `throttle` that people put up with is shorter. */
const LAST_WAIT = 5000;

/** A query of one connection that somebody watches, and what all of them are shown.
 *
 * An overlay goes when the server shows what it says, and never for a result that is older than its mutation. Those
 * that were on their way when the mutation was answered are let pass (`settle`). Of those after that one may have been
 * asked before the mutation and no more, for a query is asked once at a time: so the second is shown as it is, whatever
 * it says. */
export class LiveQuery<Result> implements Live<Result> {
  readonly #open: (results: Results<Result>) => Unsubscribe;
  readonly #ended: () => void;
  readonly #linger: number;
  readonly #overlays = new Set<Overlay>();
  readonly #state = new Cell<LiveState<Result>>(LOADING);
  #said: Result | undefined;
  #watchers = 0;
  #close: Unsubscribe | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #answered = 0;

  /** Opened by the first who watches, and closed `linger` milliseconds after the last has gone; then `ended`. */
  constructor(open: (results: Results<Result>) => Unsubscribe, ended: () => void, linger: number) {
    this.#open = open;
    this.#ended = ended;
    this.#linger = linger;
  }

  get = (): LiveState<Result> => this.#state.get();

  subscribe = (listener: () => void): Unsubscribe => {
    clearTimeout(this.#leaving);
    this.#watchers += 1;
    const stop = this.#state.subscribe(listener);
    this.#close ??= this.#open({ next: (data) => this.#next(data), error: (error) => this.#failed(error) });
    let gone = false;
    return () => {
      if (gone) return;
      gone = true;
      stop();
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#leaving = setTimeout(() => this.close(), this.#linger);
    };
  };

  close(): void {
    clearTimeout(this.#leaving);
    this.#close?.();
    this.#close = undefined;
    this.#ended();
  }

  lay(overlay: Overlay): void {
    this.#overlays.add(overlay);
    this.#show();
  }

  /** The mutation was done. What it changed is shown until the server shows it. `settle` as a channel's. */
  async confirm(overlay: Overlay, outcome: unknown, settle: Promise<boolean>): Promise<void> {
    this.#answered += 1;
    overlay.answered = this.#answered;
    overlay.outcome = outcome;
    this.#show();
    if (!(await settle)) overlay.later = 1;
    overlay.settled = true;
    if (overlay.fresh && this.#said !== undefined && shows(this.#said, overlay)) this.lift(overlay);
    else setTimeout(() => this.lift(overlay), LAST_WAIT);
  }

  lift(overlay: Overlay): void {
    if (!this.#overlays.has(overlay)) return;
    this.#forget(overlay);
    this.#show();
  }

  /** What shows this mutation shows those that were answered before it: none of them comes to light below it. */
  #forget(overlay: Overlay): void {
    this.#overlays.delete(overlay);
    for (const each of this.#overlays) {
      if (each.answered !== 0 && each.answered < overlay.answered) this.#overlays.delete(each);
    }
  }

  #next(data: Result): void {
    this.#said = data;
    for (const overlay of [...this.#overlays]) {
      overlay.fresh = true;
      if (!overlay.settled) continue;
      overlay.later += 1;
      if (overlay.later > 1 || shows(data, overlay)) this.#forget(overlay);
    }
    this.#show({ isLoading: false, error: undefined, at: performance.now() });
  }

  #failed(error: GatewayError): void {
    if (isRefusal(error)) this.#said = undefined;
    this.#show({ isLoading: false, error });
  }

  #show(change: Partial<LiveState<Result>> = {}): void {
    let data = this.#said;
    if (data !== undefined) {
      for (const overlay of this.#overlays) data = overlay.apply(data as never, overlay.outcome) as Result;
    }
    this.#state.set({ ...this.#state.get(), ...change, data });
  }
}

function shows(data: unknown, overlay: Overlay): boolean {
  const applied = overlay.apply(data as never, overlay.outcome);
  return applied === data || stableKey(applied) === stableKey(data);
}
