import type { FragmentPictures, SampleTimes } from './frame-source.ts';

/** One picture: where it is among the samples of its fragment, and when it is shown. */
export interface FoundFrame {
  readonly index: number;
  readonly ptsTicks: number;
  /** After the fragment's first picture. */
  readonly offsetMs: number;
}

/**
 * The picture that is shown at an instant after the start of its fragment: the nearest at or before it. The fragment's time
 * is that of its first picture, which B-frames show later than it is decoded.
 */
export function frameAt(pictures: FragmentPictures, offsetMs: number): FoundFrame {
  const { times, track } = pictures;
  const firstPts = Math.min(...times.map(ptsOf));
  // Half a tick, so that a time in ms that was made of ticks finds those ticks.
  const wantedTicks = firstPts + (offsetMs * track.timescale) / 1000 + 0.5;
  let index = times.findIndex((each) => ptsOf(each) === firstPts);
  let ptsTicks = firstPts;
  for (const [i, each] of times.entries()) {
    const pts = ptsOf(each);
    if (pts > wantedTicks || pts <= ptsTicks) continue;
    index = i;
    ptsTicks = pts;
  }
  return { index, ptsTicks, offsetMs: ((ptsTicks - firstPts) * 1000) / track.timescale };
}

/** Where decoding has to begin for a picture: the last sync sample before it in both orders; `undefined`: in an earlier fragment. */
export function decodingStart(
  { times }: FragmentPictures,
  frame: Pick<FoundFrame, 'index' | 'ptsTicks'>,
): number | undefined {
  for (let index = frame.index; index >= 0; index--) {
    const sample = times[index];
    if (sample?.isSync === true && ptsOf(sample) <= frame.ptsTicks) return index;
  }
  return undefined;
}

export function ptsOf({ dtsTicks, compositionOffsetTicks }: SampleTimes): number {
  return dtsTicks + compositionOffsetTicks;
}
