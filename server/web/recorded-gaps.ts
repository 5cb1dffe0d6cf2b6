import type { RecordedRange } from '../../fragments/stream/fragment-log.ts';

export interface Gap {
  readonly startMs: number;
  readonly endMs: number;
}

/** Shorter breaks are the jitter between two runs of one camera, not a loss worth a line in a list. */
const MIN_GAP_MS = 100;

/** What is missing in `[fromMs, toMs)`, given what is there in time order (ranges may touch or overlap). */
export function gapsBetween(ranges: readonly RecordedRange[], fromMs: number, toMs: number): Gap[] {
  const gaps: Gap[] = [];
  let reachedMs = fromMs;
  const note = (startMs: number, endMs: number): void => {
    if (endMs - startMs >= MIN_GAP_MS) gaps.push({ startMs, endMs });
  };
  for (const range of ranges) {
    note(reachedMs, Math.min(range.startMs, toMs));
    reachedMs = Math.max(reachedMs, range.endMs);
  }
  note(reachedMs, toMs);
  return gaps;
}
