import type { Tier } from '../watch/watch-settings.ts';

/** Times are rounded on their way: what is this much early is not late. */
const TOLERANCE_US = 1000;

/** A tier as it is in force: of the key frames, only every n-th one may be due. */
export type TierInForce = Tier & { readonly everyNthKey: number };

/** Says which frames are due: the first one at or after each due time (detection.md "Tiers per stream"). */
export class DueSampler {
  readonly tier: TierInForce;
  #nextDueUs = Number.NEGATIVE_INFINITY;
  #keysSinceDue = Number.POSITIVE_INFINITY;

  constructor(tier: TierInForce) {
    this.tier = tier;
  }

  /** Asked of each sample, in decode order. Answers grow in presentation time. */
  isDue({ ptsUs, isSync }: { readonly ptsUs: number; readonly isSync: boolean }): boolean {
    if (this.tier.kind !== 'fps') return this.tier.kind === 'keyframes' && isSync && this.#isNthKey();
    if (ptsUs + TOLERANCE_US < this.#nextDueUs) return false;
    const periodUs = 1_000_000 / this.tier.framesPerSecond;
    // A grid, so that the rate is kept; begun anew after a gap.
    this.#nextDueUs = ptsUs - this.#nextDueUs < periodUs ? this.#nextDueUs + periodUs : ptsUs + periodUs;
    return true;
  }

  #isNthKey(): boolean {
    this.#keysSinceDue += 1;
    if (this.#keysSinceDue < this.tier.everyNthKey) return false;
    this.#keysSinceDue = 0;
    return true;
  }
}
