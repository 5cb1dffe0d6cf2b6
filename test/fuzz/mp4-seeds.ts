import { box, zeros } from '../../fragments/cmaf/box-writer.ts';
import { writeChunk } from '../../fragments/cmaf/chunk.ts';
import { writeInitSegment } from '../../fragments/cmaf/init-segment.ts';
import { Mp4Error } from '../../fragments/cmaf/mp4-error.ts';
import { CodecError } from '../../fragments/media/codec-error.ts';
import { describeTrack } from '../../fragments/media/describe-track.ts';
import type { Track } from '../../fragments/media/track.ts';

/** Well-formed inputs that the MP4 fuzz targets share. */

const AVCC = '014d401effe1001c674d401ed900a02ff966a0c0c0c80000030008000003019078b172400100' + '0568ebc3cb20';
const AV1C = '81010d000a0e0000000cc4ff6700be0418181890';

export const TRACKS: readonly Track[] = [
  describeTrack({ id: 1, kind: 'video', codec: 'h264', timescale: 90_000, config: Buffer.from(AVCC, 'hex') }),
  describeTrack({
    id: 2,
    kind: 'audio',
    codec: 'aac',
    timescale: 48_000,
    config: Buffer.from('1190', 'hex'),
  }),
  describeTrack({
    id: 3,
    kind: 'data',
    codec: 'opaque',
    timescale: 1000,
    config: zeros(0),
    contentType: 'text/plain',
  }),
];

const OTHER_TRACKS: readonly Track[] = [
  describeTrack({ id: 1, kind: 'video', codec: 'av1', timescale: 90_000, config: Buffer.from(AV1C, 'hex') }),
  describeTrack({ id: 2, kind: 'audio', codec: 'pcmu', timescale: 8000, config: zeros(0) }),
  describeTrack({
    id: 3,
    kind: 'audio',
    codec: 'mp3',
    timescale: 44_100,
    config: zeros(0),
    sampleRateHz: 44_100,
  }),
];

export function initSegments(): Uint8Array[] {
  return [writeInitSegment(TRACKS), writeInitSegment(OTHER_TRACKS)];
}

/** Chunks in every form that the writer knows: constant and varying sizes, durations, flags and offsets. */
export function chunks(): Uint8Array[] {
  return [0, 1].map((varying) => {
    const runs = TRACKS.map(({ id }) => ({
      trackId: id,
      baseDecodeTicks: 2 ** 33 * id,
      samples: Array.from({ length: 5 }, (_, i) => ({
        trackId: id,
        dtsTicks: 0,
        compositionOffsetTicks: varying * (i - 2) * 10,
        durationTicks: 3000 + varying * i,
        isSync: i % (3 - varying) === 0,
        data: zeros(8 + varying * i),
      })),
    }));
    const wallClock = { trackId: 1, mediaTicks: 2 ** 33, epochMs: 1_763_700_000_000 };
    const chunk = writeChunk({ sequence: 1, runs, wallClock, prefix: box('uuid', zeros(32)) });
    return Buffer.concat(chunk.buffers);
  });
}

/** The errors that the readers of this format may throw. */
export function isTyped(error: unknown): boolean {
  return error instanceof Mp4Error || error instanceof CodecError;
}
