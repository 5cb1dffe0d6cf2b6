/** Merging tracks into one sequence in decode order. */

/** One track's samples, in its own decode order. */
export interface OrderedTrack<T> {
  readonly timescale: number;
  readonly samples: readonly T[];
}

/**
 * All samples by decode time over all tracks; those of the same instant in the order of the tracks. Compares in
 * seconds: doubles keep a tick of 90 kHz apart for thousands of years.
 */
export function mergeByDecodeTime<T extends { readonly dtsTicks: number }>(
  tracks: readonly OrderedTrack<T>[],
): T[] {
  const only = tracks[0];
  if (tracks.length === 1 && only !== undefined) return [...only.samples];
  const merged: T[] = [];
  const next = tracks.map(() => 0);
  for (;;) {
    let earliest = -1;
    let earliestSeconds = Infinity;
    for (const [i, track] of tracks.entries()) {
      const sample = track.samples[next[i] ?? 0];
      if (sample === undefined) continue;
      const seconds = sample.dtsTicks / track.timescale;
      if (seconds < earliestSeconds) {
        earliest = i;
        earliestSeconds = seconds;
      }
    }
    const sample = tracks[earliest]?.samples[next[earliest] ?? 0];
    if (sample === undefined) return merged;
    merged.push(sample);
    next[earliest] = (next[earliest] ?? 0) + 1;
  }
}
