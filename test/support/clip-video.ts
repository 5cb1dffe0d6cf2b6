import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { MatroskaReader } from '../../fragments/matroska/matroska-reader.ts';
import { MatroskaSamples } from '../../fragments/matroska/matroska-samples.ts';
import type { Sample, Track } from '../../fragments/media/track.ts';
import type { OfferedSample } from '../../ml/supervisor/supervisor.ts';
import { type Media, mediaOf } from '../integration/clip/recordings.ts';

const MAX_BYTES = 1 << 30;

/** As a decoder is given it. */
export type VideoSample = Pick<OfferedSample, 'dtsUs' | 'ptsUs' | 'isSync' | 'data'>;

export interface VideoOfFile {
  readonly track: Track;
  /** In decode order. */
  readonly samples: readonly VideoSample[];
  /** In the order of presentation: the presentation times. */
  readonly timesUs: readonly number[];
}

/** The video track of an MP4, Matroska or WebM file. */
export async function videoOf(path: string): Promise<VideoOfFile> {
  const { tracks, samples } = /\.(webm|mkv)$/.test(path) ? await matroskaOf(path) : await mediaOf(path);
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

async function matroskaOf(path: string): Promise<Media> {
  const reader = new MatroskaReader();
  const maker = new MatroskaSamples();
  const tracks: Track[] = [];
  const samples: Sample[] = [];
  const bytes = await readFile(path);
  for (const events of [reader.push(bytes), reader.end()]) {
    for (const event of events) {
      if (event.type === 'header') tracks.push(...maker.setHeader(event));
      const sample = event.type === 'frame' ? maker.sampleOf(event) : undefined;
      if (sample !== undefined) samples.push(sample);
    }
  }
  return { tracks, samples };
}

/** Samples as a reader of a stream offers them; a fragment begins with each key frame. `shiftUs`: when they begin. */
export function offered({ track, samples }: VideoOfFile, shiftUs = 0): OfferedSample[] {
  let key = samples[0]?.ptsUs ?? 0;
  return samples.map(({ dtsUs, ptsUs, isSync, data }) => {
    if (isSync) key = ptsUs;
    const fragmentNumber = String(Math.round(key + shiftUs)).padStart(47, '0');
    const timeMs = (ptsUs + shiftUs) / 1000;
    const frame = { fragmentNumber, offsetMs: (ptsUs - key) / 1000, producerMs: timeMs, serverMs: timeMs };
    return {
      track,
      dtsUs: dtsUs + shiftUs,
      ptsUs: ptsUs + shiftUs,
      isSync,
      data,
      frame,
      isDiscontinuous: false,
    };
  });
}

/** All pictures of a file as ffmpeg's own decoder has them, in the order of presentation: I420 without padding. */
export async function picturesByFfmpeg(path: string, { width = 0, height = 0 }: Track): Promise<Buffer[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', '-'],
    { encoding: 'buffer', maxBuffer: MAX_BYTES },
  );
  const bytes = width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
  return Array.from({ length: stdout.length / bytes }, (_, i) => stdout.subarray(i * bytes, (i + 1) * bytes));
}
