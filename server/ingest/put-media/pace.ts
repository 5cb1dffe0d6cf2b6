/** Holds a flow to a rate: tells how long to wait before more may be taken. Sans-IO; a second's worth may come at once. */
export class Pace {
  readonly #perSecond: number;
  /** When what was taken so far would have come at the rate. */
  #dueMs = 0;

  /** `perSecond`: 0 for no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Notes what was taken. */
  take(amount: number, nowMs: number): void {
    if (this.#perSecond === 0) return;
    this.#dueMs = Math.max(this.#dueMs, nowMs - 1000) + (amount * 1000) / this.#perSecond;
  }

  /** May more be taken now? */
  isFree(nowMs: number): boolean {
    return this.#dueMs <= nowMs;
  }
}
