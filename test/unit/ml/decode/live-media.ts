import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DecodableTrack } from '../../../../ml/decode/declared-size.ts';
import type { JobSample } from '../../../../ml/decode/decode-job.ts';
import { mediaOf } from '../../../integration/clip/recordings.ts';

const MAX_BYTES = 1 << 30;

export interface VideoOfFile {
  readonly track: DecodableTrack;
  /** In decode order. */
  readonly samples: readonly JobSample[];
  /** In the order of presentation: the presentation times. */
  readonly timesUs: readonly number[];
}

/** The video track of an MP4 file. */
export async function videoOf(path: string): Promise<VideoOfFile> {
  const { tracks, samples } = await mediaOf(path);
  const track = tracks.find(({ kind }) => kind === 'video');
  if (track === undefined) throw new Error(`${path} has no pictures`);
  const us = (ticks: number) => (ticks * 1_000_000) / track.timescale;
  const own = samples
    .filter(({ trackId }) => trackId === track.id)
    .map(({ dtsTicks, compositionOffsetTicks, isSync, data }) => ({
      dtsUs: us(dtsTicks),
      ptsUs: us(dtsTicks + compositionOffsetTicks),
      isSync,
      data,
    }));
  return { track, samples: own, timesUs: own.map(({ ptsUs }) => ptsUs).toSorted((a, b) => a - b) };
}

/** All pictures of a file as ffmpeg's own decoder has them, in the order of presentation: I420 without padding. */
export async function picturesByFfmpeg(
  path: string,
  { width = 0, height = 0 }: DecodableTrack,
): Promise<Buffer[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', '-'],
    { encoding: 'buffer', maxBuffer: MAX_BYTES },
  );
  const bytes = width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
  return Array.from({ length: stdout.length / bytes }, (_, i) => stdout.subarray(i * bytes, (i + 1) * bytes));
}
