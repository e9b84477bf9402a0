// One kind of thing that happens, and those who listen. A listener that throws is told to
// `onError` and never stops the others.

export type Listener<Event> = (event: Event) => void;

export class Emitter<Event> {
  readonly #listeners = new Set<Listener<Event>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Listens until disposed. */
  on(listener: Listener<Event>): Disposable {
    const entry: Listener<Event> = (event) => listener(event);
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  /** Tells everyone who listens now; one who comes meanwhile hears the next event, one who leaves none. */
  emit(event: Event): void {
    for (const listener of new Set(this.#listeners)) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
