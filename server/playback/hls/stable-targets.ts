import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { LiveFragment } from '../../../fragments/stream/live-window.ts';

/** Whole seconds that a target duration may have: few steps, so that it seldom has to change. */
const RUNGS_S = [2, 4, 6, 10, 15, 20];

/**
 * The two announced upper bounds of a live playlist, held as still as a camera lets us.
 *
 * "The value of the EXT-X-TARGETDURATION tag MUST NOT change." But nobody knows how long the next GOP of a camera will
 * be. So the bound is the longest fragment seen so far, raised to the next of a few steps, and never falls while the
 * stream is being watched: a steady camera never changes it, an unsteady one at most a few times in the first minute
 * (every player takes a larger value from the next reload on). Announcing the 20 s that a fragment may last at most would never
 * change, but puts players that do not know LL-HLS a minute behind (HOLD-BACK is three times this value).
 */
export class StableTargets {
  readonly #partSettingMs: number;
  #longestFragmentMs = 0;
  #longestFullPartMs = 0;
  #longestPartMs = 0;

  constructor(partSettingMs: number) {
    this.#partSettingMs = partSettingMs;
  }

  /** EXT-X-TARGETDURATION: no EXTINF, "rounded to the nearest integer", is above it. */
  get targetDurationS(): number {
    return targetDurationFor(this.#longestFragmentMs);
  }

  /**
   * PART-TARGET in seconds. It is the setting as long as the parts keep to both rules, at most the target and at least
   * 85 % of it; with a frame rate at which they cannot, it is the longest part seen.
   */
  get partTargetS(): number {
    const fullMs = this.#longestFullPartMs === 0 ? this.#partSettingMs : this.#longestFullPartMs;
    const fits = this.#longestPartMs <= this.#partSettingMs && fullMs >= 0.85 * this.#partSettingMs;
    return (fits ? this.#partSettingMs : Math.ceil(Math.max(fullMs, this.#longestPartMs))) / 1000;
  }

  /** Sees a fragment that is complete, or grows. */
  observe(info: FragmentInfo): void {
    this.#longestFragmentMs = Math.max(this.#longestFragmentMs, fragmentDurationMs(info));
  }

  /** Sees the parts of a fragment, from index `from` on. */
  observeParts(fragment: LiveFragment, from: number): void {
    const { timescale } = fragment.info;
    for (let i = from; i < fragment.parts.length; i++) {
      const part = fragment.parts[i];
      if (part === undefined) continue;
      const durationMs = (part.durationTicks * 1000) / timescale;
      this.#longestPartMs = Math.max(this.#longestPartMs, durationMs);
      // The last part of its parent may be short; so only those with a successor tell what a full part is.
      if (i + 1 < fragment.parts.length) {
        this.#longestFullPartMs = Math.max(this.#longestFullPartMs, durationMs);
      }
    }
  }
}

/** The smallest target duration in whole seconds under which fragments of this length may be listed. */
export function targetDurationFor(longestFragmentMs: number): number {
  const roundedS = Math.round(longestFragmentMs / 1000);
  return RUNGS_S.find((rungS) => rungS >= roundedS) ?? roundedS;
}
