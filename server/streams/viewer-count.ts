/** Two blocking reloads at the longest target duration, or a few polls. */
const EXPIRY_MS = 10_000;
/** More than this many are not told apart; the oldest make room. */
const MAX_VIEWERS = 10_000;

/** Counts viewers by a key that their requests have in common, for as long as requests keep coming. */
export class ViewerCount {
  /** Time of the latest request by key, oldest first. */
  readonly #seenMs = new Map<string, number>();

  /** A viewer made a request. */
  add(key: string, nowMs: number): void {
    this.#seenMs.delete(key);
    this.#seenMs.set(key, nowMs);
    if (this.#seenMs.size <= MAX_VIEWERS) return;
    for (const oldest of this.#seenMs.keys()) {
      this.#seenMs.delete(oldest);
      return;
    }
  }

  /** Viewers of the last seconds. */
  at(nowMs: number): number {
    for (const [key, seenMs] of this.#seenMs) {
      if (nowMs - seenMs < EXPIRY_MS) break;
      this.#seenMs.delete(key);
    }
    return this.#seenMs.size;
  }
}
