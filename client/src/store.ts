/** A value that can be watched: what React's `useSyncExternalStore` and plain code both take. */
export interface Store<T> {
  get(): T;
  /** Calls `listener` after each change, until the function that it gives is called. */
  subscribe(listener: () => void): () => void;
}

export class Cell<T> implements Store<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
