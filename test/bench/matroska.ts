/**
 * Reading live Matroska: our reader beside mediabunny, and beside a plain copy of the same chunks.
 *
 *     node test/bench/matroska.ts [megabytes=600] [rounds=7]
 *
 * 20 s of 720p H.264 with B-frames at 4 Mbit/s and AAC, as `ffmpeg -f matroska -live 1` writes it, over and over, in chunks
 * of 16 KB and of 1400 bytes. Prints MB per CPU second (user and system), the median of the rounds; the variants take turns.
 */
import { execFileSync } from 'node:child_process';
import { EncodedPacketSink, Input, MATROSKA, ReadableStreamSource } from 'mediabunny';
import { MatroskaReader } from '../../fragments/matroska/matroska-reader.ts';
import { clusterHead, simpleBlockHead } from '../../fragments/matroska/matroska-writer.ts';

const [megabytes = 600, rounds = 7] = process.argv.slice(2).map(Number);
/** mediabunny is given a smaller share: it is that much slower. */
const MEDIABUNNY_SHARE = 1 / 10;

const clip = execFileSync(
  'ffmpeg',
  [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=1280x720:r=30',
      '-f',
      'lavfi',
      '-i',
      'sine',
      '-t',
      '20',
    ],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '4M'],
    ...[
      '-x264-params',
      'nal-hrd=cbr',
      '-bf',
      '2',
      '-g',
      '60',
      '-c:a',
      'aac',
      '-f',
      'matroska',
      '-live',
      '1',
      '-',
    ],
  ],
  { maxBuffer: 64 << 20 },
);

function chunksOf(chunkBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(clip.length / chunkBytes) }, (_, i) =>
    // Memory of its own, as a socket gives it.
    Buffer.from(clip.subarray(i * chunkBytes, (i + 1) * chunkBytes)),
  );
}

interface Variant {
  readonly name: string;
  readonly share: number;
  /** Reads the clip once; answers how many frames it found. */
  read(chunks: readonly Buffer[]): number | Promise<number>;
}

let kept: unknown;

const VARIANTS: readonly Variant[] = [
  {
    name: 'copy of each chunk',
    share: 1,
    read(chunks) {
      for (const chunk of chunks) kept = Buffer.from(chunk);
      return 0;
    },
  },
  {
    name: 'framelog reader',
    share: 1,
    read(chunks) {
      const reader = new MatroskaReader();
      let frames = 0;
      for (const chunk of chunks)
        for (const event of reader.push(chunk)) if (event.type === 'frame') frames += 1;
      for (const event of reader.end()) kept = event;
      return frames;
    },
  },
  {
    name: 'framelog reader and writer',
    share: 1,
    read(chunks) {
      const reader = new MatroskaReader();
      let frames = 0;
      let clusterTime = 0;
      for (const chunk of chunks) {
        for (const event of reader.push(chunk)) {
          if (event.type === 'cluster') {
            clusterTime = event.timecode;
            kept = clusterHead(clusterTime);
          } else if (event.type === 'frame') {
            frames += 1;
            kept = simpleBlockHead(
              event.trackNumber,
              event.timecode - clusterTime,
              event.isKey,
              event.data.length,
            );
          }
        }
      }
      return frames;
    },
  },
  {
    name: 'mediabunny',
    share: MEDIABUNNY_SHARE,
    async read(chunks) {
      const source = new ReadableStreamSource(ReadableStream.from(chunks));
      using input = new Input({ source, formats: [MATROSKA] });
      let frames = 0;
      const tracks = await input.getTracks();
      await Promise.all(
        tracks.map(async (track) => {
          for await (const packet of new EncodedPacketSink(track).packets()) {
            kept = packet.data;
            frames += 1;
          }
        }),
      );
      return frames;
    },
  },
];

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

for (const chunkBytes of [16_384, 1400]) {
  const chunks = chunksOf(chunkBytes);
  const rates = new Map<string, number[]>();
  const frames = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const { name, share, read } of VARIANTS) {
      const times = Math.max(1, Math.round((megabytes * 1e6 * share) / rounds / clip.length));
      const start = process.cpuUsage();
      for (let i = 0; i < times; i++) frames.set(name, await read(chunks));
      const { user, system } = process.cpuUsage(start);
      const rate = (times * clip.length) / (user + system);
      // The first round warms up.
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
    }
  }
  const copy = median(rates.get('copy of each chunk') ?? []);
  for (const [name, list] of rates) {
    const rate = median(list);
    console.log(
      `${String(chunkBytes).padStart(6)} B chunks  ${name.padEnd(28)} ${rate.toFixed(0).padStart(6)} MB per CPU-s  ` +
        `${(rate / copy).toFixed(2).padStart(5)} of a copy  ${frames.get(name)} frames`,
    );
  }
}
if (kept === undefined) throw new Error('nothing was read');
