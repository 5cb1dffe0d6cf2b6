import { writeChunk } from '../../fragments/cmaf/chunk.ts';
import { writeInitSegment } from '../../fragments/cmaf/init-segment.ts';
import type { Sample } from '../../fragments/media/track.ts';
import type { DecodableTrack } from './declared-size.ts';
import type { JobSample } from './decode-job.ts';

/** Samples as fragmented MP4 with microseconds as its timescale, for ffmpeg. */

const MICROSECONDS = 1_000_000;

export function initSegmentOf(track: DecodableTrack): Uint8Array {
  return writeInitSegment([{ ...track, id: 1, kind: 'video', timescale: MICROSECONDS }]);
}

/** `sequence`: 1 for the first one after the init segment, growing. */
export function chunkOf(samples: readonly JobSample[], sequence: number): readonly Uint8Array[] {
  const inOrder: Sample[] = samples.map(({ dtsUs, ptsUs, isSync, data }, i) => ({
    trackId: 1,
    dtsTicks: Math.round(dtsUs),
    compositionOffsetTicks: Math.round(ptsUs) - Math.round(dtsUs),
    durationTicks: Math.max(0, Math.round(samples[i + 1]?.dtsUs ?? dtsUs + 1) - Math.round(dtsUs)),
    isSync,
    data,
  }));
  const run = { trackId: 1, baseDecodeTicks: inOrder[0]?.dtsTicks ?? 0, samples: inOrder };
  return writeChunk({ sequence, runs: [run] }).buffers;
}
