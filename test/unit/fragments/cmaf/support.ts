import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFile, MP4BoxBuffer } from 'mp4box';
import { type Chunk, type TrackRun, writeChunk } from '../../../../fragments/cmaf/chunk.ts';
import { writeInitSegment } from '../../../../fragments/cmaf/init-segment.ts';
import { openMp4 } from '../../../../fragments/cmaf/mp4-file.ts';
import type { RandomAccessSource } from '../../../../fragments/cmaf/random-access.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';

const run = promisify(execFile);

/** The shared test clips, beside the checkout. */
export const MEDIA = join(import.meta.dirname, '../../../../../shared/media');

/** A folder that goes away with its owner: `await using`. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'framelog-cmaf-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Runs ffmpeg; rejects when it fails or says anything. */
export async function ffmpeg(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], {
    maxBuffer: 1 << 26,
  });
  if (stderr !== '') throw new Error(`ffmpeg said: ${stderr}`);
  return stdout;
}

/** One packet as ffprobe sees it. */
export interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly sizeBytes: number;
  readonly isKey: boolean;
}

export interface ProbedStream {
  readonly codec: string;
  readonly timescale: number;
  readonly packets: Packet[];
}

/** Streams and packets, by ffprobe. */
export async function probe(file: string): Promise<ProbedStream[]> {
  const args = ['-v', 'error', '-of', 'json', '-show_streams', '-show_packets', file];
  const { stdout, stderr } = await run('ffprobe', args, { maxBuffer: 1 << 28 });
  if (stderr !== '') throw new Error(`ffprobe said: ${stderr}`);
  const { streams, packets } = JSON.parse(stdout) as {
    streams: { codec_name?: string; codec_tag_string: string; time_base: string }[];
    packets: { stream_index: number; pts: number; dts: number; size: string; flags: string }[];
  };
  return streams.map((stream, index) => ({
    codec: stream.codec_name ?? stream.codec_tag_string,
    timescale: Number(stream.time_base.split('/')[1]),
    packets: packets
      .filter((packet) => packet.stream_index === index)
      .map(({ pts, dts, size, flags }) => ({
        pts,
        dts,
        sizeBytes: Number(size),
        isKey: flags.startsWith('K'),
      })),
  }));
}

/** MD5 over the decoded pictures of a file, one line. */
export function decodedVideoMd5(file: string): Promise<string> {
  return ffmpeg('-i', file, '-map', '0:v', '-f', 'md5', '-');
}

export function bufferSource(bytes: Uint8Array): RandomAccessSource {
  return {
    sizeBytes: bytes.length,
    read: async (offset, length) => Uint8Array.from(bytes.subarray(offset, offset + length)),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export interface Media {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

/** All tracks and samples of a file, by our own reader. */
export async function readMedia(file: string): Promise<Media> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const source: RandomAccessSource = {
    sizeBytes: size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
  };
  const mp4 = await openMp4(source);
  return { tracks: mp4.tracks, samples: await collect(mp4.samples()) };
}

/** Samples with a hash in place of their bytes, for comparing many. */
export function digests(samples: readonly Sample[]): object[] {
  return samples.map(({ data, ...rest }) => ({ ...rest, sizeBytes: data.length, md5: hash('md5', data) }));
}

/** The packets that ffprobe must show for the samples of one track. */
export function packetsOf(samples: readonly Sample[]): Packet[] {
  // ffmpeg moves the presentation of a fragmented track until no frame is shown before it is decoded (its dts_shift).
  const ptsShift = samples.reduce((shift, sample) => Math.max(shift, -sample.compositionOffsetTicks), 0);
  return samples.map(({ dtsTicks, compositionOffsetTicks, data, isSync }) => ({
    pts: dtsTicks + compositionOffsetTicks + ptsShift,
    dts: dtsTicks,
    sizeBytes: data.length,
    isKey: isSync,
  }));
}

/** The runs of a chunk: samples by track, in the order of the tracks. */
export function runsOf(tracks: readonly Track[], samples: readonly Sample[]): TrackRun[] {
  return tracks.map(({ id }) => {
    const own = samples.filter((sample) => sample.trackId === id);
    return { trackId: id, baseDecodeTicks: own[0]?.dtsTicks ?? 0, samples: own };
  });
}

/** A fragmented file: the init segment and chunks of so many samples. */
export function writeFragmented({ tracks, samples }: Media, samplesPerChunk: number): Buffer {
  const pieces: Uint8Array[] = [writeInitSegment(tracks)];
  for (let i = 0; i < samples.length; i += samplesPerChunk) {
    const runs = runsOf(tracks, samples.slice(i, i + samplesPerChunk));
    pieces.push(...writeChunk({ sequence: 1 + i / samplesPerChunk, runs }).buffers);
  }
  return Buffer.concat(pieces);
}

export function chunkBytes(chunk: Chunk): Buffer {
  return Buffer.concat(chunk.buffers);
}

/** A sample of made-up bytes. */
export function sample(fields: Partial<Sample> & { readonly sizeBytes?: number }): Sample {
  const { sizeBytes = 100, ...rest } = fields;
  const fill = (rest.dtsTicks ?? 0) % 251;
  return {
    trackId: 1,
    dtsTicks: 0,
    compositionOffsetTicks: 0,
    durationTicks: 512,
    isSync: true,
    data: new Uint8Array(sizeBytes).fill(fill),
    ...rest,
  };
}

/** What mp4box reads of one track. */
export interface Mp4BoxTrack {
  readonly id: number;
  readonly codec: string;
  readonly timescale: number;
  readonly samples: readonly {
    readonly dts: number;
    readonly cts: number;
    readonly duration: number;
    readonly size: number;
    readonly offset: number;
    readonly is_sync: boolean;
  }[];
}

/** Reads a file with mp4box, the second opinion on every byte that we write. */
export function readWithMp4Box(bytes: Uint8Array): Mp4BoxTrack[] {
  const file = createFile();
  let failure: string | undefined;
  file.onError = (module, message) => {
    failure = `${module}: ${message}`;
  };
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(Uint8Array.from(bytes).buffer, 0), true);
  file.flush();
  if (failure !== undefined) throw new Error(failure);
  return file.getInfo().tracks.map(({ id, codec, timescale }) => ({
    id,
    codec,
    timescale,
    samples: file.getTrackSamplesInfo(id),
  }));
}
