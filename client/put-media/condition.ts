/** Lets tasks wait until something about shared state is true. */
export class Condition {
  readonly #waiting = new Set<() => void>();

  /** State has changed: all who wait look again. */
  notify(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves as soon as `isTrue` answers true after a change, or at once; rejects with the signal's reason. */
  async until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isTrue()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    signal.throwIfAborted();
  }
}
