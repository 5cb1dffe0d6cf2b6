import type { Tier } from '../watch/watch-settings.ts';

/** Times are rounded on their way: what is this much early is not late. */
const TOLERANCE_US = 1000;

/** A tier as it is in force: of the key frames, only every n-th one may be due. */
export type TierInForce = Tier & { readonly everyNthKey: number };

/** Frames are decoded at most this many due times before those that are shown earlier. */
const MAX_REORDERED = 64;

/**
 * Says which frames are due: one for each due time, the first that is decoded of those shown between it and the next one
 * (detection.md "Tiers per stream").
 */
export class DueSampler {
  readonly tier: TierInForce;
  /** Due times are counted from here. */
  #originUs: number | undefined;
  /** Numbers of due times that have their frame; the newest of them. */
  readonly #served = new Set<number>();
  #newest = Number.NEGATIVE_INFINITY;
  #keysSinceDue = Number.POSITIVE_INFINITY;

  constructor(tier: TierInForce) {
    this.tier = tier;
  }

  /** Asked of each sample, in decode order. */
  isDue({ ptsUs, isSync }: { readonly ptsUs: number; readonly isSync: boolean }): boolean {
    if (this.tier.kind !== 'fps') return this.tier.kind === 'keyframes' && isSync && this.#isNthKey();
    const periodUs = 1_000_000 / this.tier.framesPerSecond;
    this.#originUs ??= ptsUs;
    const number = Math.floor((ptsUs + TOLERANCE_US - this.#originUs) / periodUs);
    if (number < this.#newest - MAX_REORDERED) {
      // Time went back.
      this.#originUs = ptsUs;
      this.#served.clear();
      this.#newest = Number.NEGATIVE_INFINITY;
      return this.isDue({ ptsUs, isSync });
    }
    if (this.#served.has(number)) return false;
    this.#served.add(number);
    this.#newest = Math.max(this.#newest, number);
    if (this.#served.size > 2 * MAX_REORDERED) {
      for (const old of this.#served) if (old < this.#newest - MAX_REORDERED) this.#served.delete(old);
    }
    return true;
  }

  #isNthKey(): boolean {
    this.#keysSinceDue += 1;
    if (this.#keysSinceDue < this.tier.everyNthKey) return false;
    this.#keysSinceDue = 0;
    return true;
  }
}
