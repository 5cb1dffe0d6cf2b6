/**
 * Clips and pictures, each beside the plain way to the same end:
 * a clip through our index and pieces, and a raw read of the log file's bytes; a picture from a warm decoder process, and one `ffmpeg`
 * for each.
 *
 *   node test/bench/whole-files.ts
 */
import { execFile } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DecoderPool } from '../../ml/decode/decoder-pool.ts';
import { Clip } from '../../server/playback/clip/clip.ts';
import { ImageService } from '../../server/playback/images/image-service.ts';
import { selectFragments } from '../../server/playback/session/fragment-selection.ts';
import { clipPath } from '../e2e/support/media.ts';
import { mediaOf, Recordings } from '../integration/clip/recordings.ts';

const run = promisify(execFile);
const SOURCE = clipPath('parking-720p-h264.mp4');
const REPETITIONS = 30;
const PICTURES = 12;

const cleanups: (() => Promise<void>)[] = [];
const recordings = new Recordings({ after: (cleanup) => void cleanups.push(cleanup as () => Promise<void>) });
const source = await mediaOf(SOURCE);
for (let i = 0; i < REPETITIONS; i++) {
  await recordings.record('cam', source);
  recordings.nowMs += 60_000;
}
const stream = await recordings.streams.open('cam');
const all = { clock: 'server', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER } as const;
const fragments = await selectFragments(stream.log, all, 1e6);

async function cost(
  what: string,
  work: () => Promise<number>,
): Promise<{ bytesPerCpuS: number; wallMs: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const bytes = await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const bytesPerCpuS = bytes / ((user + system) / 1e6);
  console.log(
    `${what}: ${(bytesPerCpuS / 1e6).toFixed(0)} MB per CPU-s, ${wallMs.toFixed(0)} ms, ${(bytes / 1e6).toFixed(0)} MB`,
  );
  return { bytesPerCpuS, wallMs };
}

const buffer = Buffer.alloc(1 << 20);
const folder = join(recordings.directory, 'streams', 'cam');
const raw = await cost('log files, read as they are', async () => {
  let bytes = 0;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.mp4'))) {
    const file = await open(join(folder, name));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    await file.close();
  }
  return bytes;
});
const rssBefore = process.memoryUsage.rss();
async function readClip(): Promise<number> {
  const made = await Clip.of(stream.log, fragments, { maxBytes: 1e12, maxFragments: 1e6 });
  for (let at = 0; at < made.sizeBytes; at += buffer.length) {
    await made.read(buffer, at, Math.min(buffer.length, made.sizeBytes - at));
  }
  made.close();
  return made.sizeBytes;
}
await readClip(); // compiles
const clip = await cost(`a clip of ${fragments.length} fragments`, readClip);
console.log(`clip : raw read = ${(clip.bytesPerCpuS / raw.bytesPerCpuS).toFixed(2)}`);
console.log(`memory more than before: ${((process.memoryUsage.rss() - rssBefore) / 1e6).toFixed(0)} MB`);

const decoders = new DecoderPool({
  decoder: 'auto',
  processes: 1,
  maxWaiting: 100,
  maxWaitMs: 60_000,
  jobTimeoutMs: 60_000,
  idleMs: 60_000,
  maxRssBytes: 700 << 20,
  recycleRssBytes: 450 << 20,
  now: Date.now,
});
const images = new ImageService(decoders, 0);
const startMs = fragments[0]?.serverMs ?? 0;
const format = { type: 'jpeg' } as const;
const ask = (atMs: number) =>
  images.images(stream, { clock: 'server', instants: [atMs], format, maxMediaBytes: 1e9 });
const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
async function times(work: (i: number) => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < PICTURES; i++) {
    const start = performance.now();
    await work(i);
    all.push(performance.now() - start);
  }
  return all;
}
const [cold = 0] = await times(() => ask(startMs));
const key = median(await times((i) => ask(startMs + (i % 9) * 2000)));
const middle = median(await times((i) => ask(startMs + (i % 9) * 2000 + 1000)));
const last = median(await times((i) => ask(startMs + (i % 9) * 2000 + 1960)));
const spawned = median(
  await times((i) =>
    run('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-ss', String((i % 9) * 2 + 1), '-i', SOURCE],
      ...['-frames:v', '1', '-q:v', '4', '-f', 'mjpeg', '-y', '/dev/null'],
    ]),
  ),
);
console.log(`720p picture, first ever (process starts): ${cold.toFixed(0)} ms`);
console.log(
  `720p picture at a key frame: ${key.toFixed(0)} ms; in the middle of 2 s: ${middle.toFixed(0)} ms; at the end: ${last.toFixed(0)} ms`,
);
console.log(
  `one ffmpeg for each, in the middle: ${spawned.toFixed(0)} ms; ours : ffmpeg = ${(middle / spawned).toFixed(2)}`,
);
await decoders.close();
for (const cleanup of cleanups.toReversed()) await cleanup();
