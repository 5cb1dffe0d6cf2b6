/** Values from one side to one consumer. Its size is for the producing side to bound: see `size`. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error?: unknown } | undefined;
  readonly #onTaken: () => void;

  /** `onTaken`: called when the consumer has taken a value. */
  constructor(onTaken: () => void = () => undefined) {
    this.#onTaken = onTaken;
  }

  get size(): number {
    return this.#values.length;
  }

  push(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  /** No more values follow; the consumer gets those that are there first, then the error where there is one. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined, undefined> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) {
        this.#onTaken();
        yield value;
      } else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return undefined;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
