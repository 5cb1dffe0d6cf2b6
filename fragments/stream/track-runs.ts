import type { TrackRun } from '../cmaf/chunk.ts';
import type { Sample, Track } from '../media/track.ts';

/** `trun` holds durations as unsigned 32-bit numbers. */
export const MAX_DURATION_TICKS = 0xffff_ffff;

/**
 * The samples `[from, to)` of a fragment, track by track in the order of `tracks`: what one `moof` holds (design.md §3
 * rule 7). Decode times in a `trun` are sums of durations, so a hole between two samples goes to the duration of the
 * first: then each one is found at its own time.
 */
export function trackRuns(
  tracks: readonly Track[],
  samples: readonly Sample[],
  from: number,
  to: number,
): TrackRun[] {
  const runs: TrackRun[] = [];
  for (const { id } of tracks) {
    const own: Sample[] = [];
    let previous: Sample | undefined;
    for (let i = from; i < to; i++) {
      const sample = samples[i];
      if (sample === undefined || sample.trackId !== id) continue;
      if (previous !== undefined && previous.dtsTicks + previous.durationTicks !== sample.dtsTicks) {
        const durationTicks = Math.min(MAX_DURATION_TICKS, sample.dtsTicks - previous.dtsTicks);
        own[own.length - 1] = { ...previous, durationTicks };
      }
      own.push(sample);
      previous = sample;
    }
    const first = own[0];
    if (first !== undefined) runs.push({ trackId: id, baseDecodeTicks: first.dtsTicks, samples: own });
  }
  return runs;
}
