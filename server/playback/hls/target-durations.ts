import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { LiveFragment } from '../../../fragments/stream/live-window.ts';

/** Whole seconds that a target duration may have: few steps, so that it seldom has to change. */
const RUNGS_S = [2, 4, 6, 10, 15, 20];

/**
 * EXT-X-TARGETDURATION of a stream's live playlists, held as still as its camera lets us.
 *
 * "The value of the EXT-X-TARGETDURATION tag MUST NOT change." But nobody knows how long the next GOP of a camera will
 * be. So it is the longest fragment seen so far, raised to the next of a few steps, and never falls while the stream is
 * being watched: a steady camera never changes it, an unsteady one at most a few times in its first minute (players take a
 * larger value from the next reload on). To announce the 20 s that a fragment may last at most would never change, but
 * would put players without LL-HLS a minute behind: HOLD-BACK is three times this value.
 */
export class TargetDuration {
  #longestMs = 0;

  /** No EXTINF, "rounded to the nearest integer", is above it. */
  get seconds(): number {
    return targetDurationFor(this.#longestMs);
  }

  /** Sees a fragment that is complete, or grows. */
  observe(info: FragmentInfo): void {
    this.#longestMs = Math.max(this.#longestMs, fragmentDurationMs(info));
  }
}

/** The smallest target duration in whole seconds under which fragments of this length may be listed. */
export function targetDurationFor(longestFragmentMs: number): number {
  const roundedS = Math.round(longestFragmentMs / 1000);
  return RUNGS_S.find((rungS) => rungS >= roundedS) ?? roundedS;
}

/**
 * PART-TARGET in seconds for a playlist that lists the parts of these fragments: what the parts keep to, or the longest
 * listed part where a camera stood still for longer ("the duration of each Partial Segment MUST be less than or equal to
 * the Part Target Duration"). It falls back when that part leaves the playlist, so that a hiccup does not put viewers
 * three times as far behind for ever.
 */
export function partTargetSeconds(keptMs: number, listed: readonly LiveFragment[]): number {
  let longestMs = keptMs;
  for (const { info, parts } of listed) {
    for (const part of parts) longestMs = Math.max(longestMs, (part.durationTicks * 1000) / info.timescale);
  }
  return Math.ceil(longestMs) / 1000;
}
