import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';

/** The service takes gaps and overlaps up to this for rounding (kvs.md §4.3). */
const CONTINUOUS_MS = 50;

/**
 * The clip's own time: from 0, and without gaps. Media that goes on where it left off keeps its time to the tick; after a gap, or
 * where media comes again, all tracks together are moved to where the longest of them ended, so that they stay in step.
 */
export class ClipTimeline {
  #previous: FragmentInfo | undefined;
  #shiftSeconds = 0;

  /**
   * Enters a fragment. `startSeconds`: of the earliest of its samples in decode time; `endSeconds`: where the clip has got to, 0
   * at first. Answers what is to be added to its times, in seconds.
   */
  enter(info: FragmentInfo, startSeconds: number, endSeconds: number): number {
    if (this.#previous === undefined || !goesOn(this.#previous, info)) {
      this.#shiftSeconds = endSeconds - startSeconds;
    }
    this.#previous = info;
    return this.#shiftSeconds;
  }
}

function goesOn(previous: FragmentInfo, next: FragmentInfo): boolean {
  if (next.run !== previous.run || next.ordinal !== previous.ordinal + 1 || next.gapBefore) return false;
  if (next.timescale !== previous.timescale) return false;
  const gapTicks = next.startTicks - (previous.startTicks + previous.durationTicks);
  return Math.abs(gapTicks * 1000) <= CONTINUOUS_MS * next.timescale;
}
