import type { Sample, Track } from '../media/track.ts';
import { readBoxes } from './boxes.ts';
import { mergeByDecodeTime } from './decode-order.ts';
import { readMoof, type SampleLocation } from './moof.ts';
import { Mp4Error } from './mp4-error.ts';

/**
 * The samples of a media segment that is in memory: one chunk or several, with whatever other boxes between them.
 */

/**
 * The samples of the given tracks, in decode order over all tracks chunk by chunk; other tracks are passed over. Sample
 * data are views of `segmentBytes`: nothing is copied. Throws Mp4Error for anything damaged or cut.
 */
export function samplesOf(segmentBytes: Uint8Array, tracks: readonly Track[]): Sample[] {
  const samples: Sample[] = [];
  const nextTicks = new Map<number, number>();
  for (const box of readBoxes(segmentBytes)) {
    if (box.type !== 'moof') continue;
    const fragment = readMoof(box, { moofOffsetBytes: box.start, nextTicks });
    for (const { trackId, endTicks } of fragment.tracks) nextTicks.set(trackId, endTicks);
    const ordered = tracks.map(({ id, timescale }) => ({
      timescale,
      samples: fragment.tracks.filter(({ trackId }) => trackId === id).flatMap((traf) => traf.samples),
    }));
    for (const location of mergeByDecodeTime(ordered)) samples.push(toSample(segmentBytes, location));
  }
  return samples;
}

function toSample(bytes: Uint8Array, location: SampleLocation): Sample {
  const { trackId, dtsTicks, compositionOffsetTicks, durationTicks, isSync, offsetBytes, sizeBytes } =
    location;
  const end = offsetBytes + sizeBytes;
  if (offsetBytes < 0 || end > bytes.length) {
    throw new Mp4Error(
      'truncated',
      `a sample of track ${trackId} lies at ${offsetBytes}-${end} of ${bytes.length} bytes`,
    );
  }
  const data = bytes.subarray(offsetBytes, end);
  return { trackId, dtsTicks, compositionOffsetTicks, durationTicks, isSync, data };
}
