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

/** A live query that somebody watches. */
export type Live<Result> = Store<LiveState<Result>>;

/** What is shown although the server has not said so yet: `apply` makes it of what the server said. `outcome` is what
 * the mutation gave, once it has; then `apply` must leave data alone that show it already. */
export interface Overlay {
  apply(data: never, outcome: unknown): unknown;
  confirmed: boolean;
  outcome: unknown;
}

export type Unsubscribe = () => void;
export interface Sink<Result> {
  next(data: Result): void;
  error(error: GatewayError): void;
}

/** How long an overlay that was confirmed waits for the result that makes it needless. */
const CONFIRMED_FOR = 3000;

export class LiveQuery<Result> implements Live<Result> {
  readonly #open: (sink: Sink<Result>) => Unsubscribe;
  readonly #ended: () => void;
  readonly #linger: number;
  readonly #overlays = new Set<Overlay>();
  readonly #state = new Cell<LiveState<Result>>({ data: undefined, isLoading: true, error: undefined, at: undefined });
  #said: Result | undefined;
  #watchers = 0;
  #close: Unsubscribe | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  /** Opened by the first who watches, and closed `linger` milliseconds after the last has gone; then `ended`. */
  constructor(open: (sink: Sink<Result>) => Unsubscribe, ended: () => void, linger: number) {
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

  /** The mutation was done. What it changed is shown until the server shows it. */
  confirm(overlay: Overlay): void {
    if (!this.#overlays.has(overlay)) return;
    this.#show();
    setTimeout(() => this.lift(overlay), CONFIRMED_FOR);
  }

  lift(overlay: Overlay): void {
    if (this.#overlays.delete(overlay)) this.#show();
  }

  #next(data: Result): void {
    this.#said = data;
    for (const overlay of this.#overlays) if (overlay.confirmed) this.#overlays.delete(overlay);
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
