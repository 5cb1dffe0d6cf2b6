/**
 * How fast messages may go: at most `perSecond` on average, and up to a second's worth at once (a broker keeps a bounded queue for
 * each slow subscriber and drops what is beyond it).
 */
export class Pacer {
  readonly #gapMs: number;
  #nextMs = 0;

  constructor(perSecond: number) {
    this.#gapMs = 1000 / perSecond;
  }

  /** Takes the next place; answers how long to wait for it, ms. */
  take(nowMs: number): number {
    this.#nextMs = Math.max(this.#nextMs, nowMs - 1000) + this.#gapMs;
    return Math.max(0, this.#nextMs - nowMs);
  }
}
