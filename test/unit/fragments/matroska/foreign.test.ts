import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { MatroskaEvent } from '../../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../../fragments/matroska/matroska-reader.ts';
import { MatroskaSamples } from '../../../../fragments/matroska/matroska-samples.ts';
import {
  clusterHead,
  documentHeader,
  simpleBlockHead,
  tagsElement,
} from '../../../../fragments/matroska/matroska-writer.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import { Random } from '../../../fuzz/mutate.ts';
import { ffmpeg, MEDIA, temporaryFolder } from '../cmaf/support.ts';

/**
 * Documents of ffmpeg and mkvmerge are read as ffprobe reads them, in pieces of any size; what is written of them is read by
 * mkvinfo, ffprobe and mediabunny.
 */

const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  folder = await temporaryFolder();
});
after(() => folder[Symbol.asyncDispose]());

const sine = (rate: number): string[] => [
  '-f',
  'lavfi',
  '-i',
  `sine=frequency=440:sample_rate=${rate}`,
  '-t',
  '2',
];
const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-t', '3'];
const clip = (name: string): string[] => ['-i', join(MEDIA, name), '-t', '4', '-c', 'copy'];
const live = ['-f', 'matroska', '-live', '1'];

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  /** mkvmerge then writes it anew: laces, known sizes, cues, statistics. */
  readonly merge?: boolean;
  readonly codecs: readonly RegExp[];
  /** mediabunny knows no G.711 in Matroska. */
  readonly isUnknownToMediabunny?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'h264 with B-frames and aac, live',
    args: [...pictures, ...sine(48000), '-c:v', 'libx264', '-bf', '3', '-g', '25', '-c:a', 'aac', ...live],
    codecs: [/^avc1\.64/, /^mp4a\.40\.2$/],
  },
  {
    name: 'h264 and aac, a file of mkvmerge',
    args: [...clip('cars-360p-h264.mp4'), '-f', 'matroska'],
    merge: true,
    codecs: [/^avc1\./, /^mp4a\.40\.2$/],
  },
  {
    name: 'h265 and aac, live',
    args: [...clip('parking-360p-h265.mp4'), ...live],
    codecs: [/^hvc1\./, /^mp4a/],
  },
  {
    name: 'av1 and aac',
    args: [...clip('parking-360p-av1.mp4'), '-f', 'matroska'],
    codecs: [/^av01\./, /^mp4a/],
  },
  {
    name: 'vp9 and opus, webm',
    args: [...clip('parking-360p-vp9.webm'), '-f', 'webm'],
    codecs: [/^vp09\./, /^opus$/],
  },
  {
    name: 'vp8, webm live',
    args: [...clip('parking-360p-vp8.webm'), '-an', '-f', 'webm', '-live', '1'],
    codecs: [/^vp08\./],
  },
  { name: 'mp3', args: [...sine(44100), '-c:a', 'libmp3lame', ...live], codecs: [/^mp4a\.6B$/] },
  {
    name: 'mp3, laced',
    args: [...sine(22050), '-c:a', 'libmp3lame', '-f', 'matroska'],
    merge: true,
    codecs: [/^mp4a\.69$/],
  },
  { name: 'flac', args: [...sine(96000), '-c:a', 'flac', ...live], codecs: [/^fLaC$/] },
  { name: 'ac-3', args: [...sine(48000), '-c:a', 'ac3', ...live], codecs: [/^ac-3$/] },
  {
    name: 'u-law',
    args: [...sine(8000), '-c:a', 'pcm_mulaw', ...live],
    codecs: [/^ulaw$/],
    isUnknownToMediabunny: true,
  },
  {
    name: 'A-law',
    args: [...sine(16000), '-ac', '2', '-c:a', 'pcm_alaw', '-f', 'matroska'],
    codecs: [/^alaw$/],
    isUnknownToMediabunny: true,
  },
];

/** A packet in the order of the file; its data by their MD5. */
interface Packet {
  readonly stream: number;
  readonly ptsMs: number;
  readonly isKey: boolean;
  readonly md5: string;
}

async function probe(file: string): Promise<Packet[]> {
  const args = ['-v', 'error', '-of', 'json', '-show_packets', '-show_data_hash', 'md5', file];
  const { stdout, stderr } = await run('ffprobe', args, { maxBuffer: 1 << 28 });
  assert.equal(stderr, '');
  const { packets } = JSON.parse(stdout) as {
    packets: { stream_index: number; pts_time: string; flags: string; data_hash: string }[];
  };
  return packets.map(({ stream_index, pts_time, flags, data_hash }) => ({
    stream: stream_index,
    ptsMs: Math.round(Number(pts_time) * 1000),
    isKey: flags.startsWith('K'),
    md5: data_hash.slice('MD5:'.length),
  }));
}

function* pieces(bytes: Uint8Array, seed: number, maxBytes: number): Generator<Uint8Array> {
  const random = new Random(seed);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(maxBytes);
    yield bytes.subarray(at, end);
    at = end;
  }
}

interface Document {
  readonly events: MatroskaEvent[];
  readonly tracks: readonly Track[];
  readonly samples: Sample[];
}

function read(input: Iterable<Uint8Array>): Document {
  const reader = new MatroskaReader();
  const maker = new MatroskaSamples();
  const events: MatroskaEvent[] = [];
  let tracks: readonly Track[] = [];
  const samples: Sample[] = [];
  const take = (event: MatroskaEvent): void => {
    events.push(event);
    if (event.type === 'header') tracks = maker.setHeader(event);
    if (event.type !== 'frame') return;
    const sample = maker.sampleOf(event);
    assert.ok(sample);
    samples.push(sample);
  };
  for (const piece of input) for (const event of reader.push(piece)) take(event);
  for (const event of reader.end()) take(event);
  return { events, tracks, samples };
}

function ptsMsOf(tracks: readonly Track[], sample: Sample): number {
  const timescale = tracks.find(({ id }) => id === sample.trackId)?.timescale ?? Number.NaN;
  return Math.round(((sample.dtsTicks + sample.compositionOffsetTicks) * 1000) / timescale);
}

/** Packets as ffprobe tells them; codec delays are what players take off times. */
function packetsOf({ tracks, samples }: Document, delaysMs: readonly number[]): Packet[] {
  return samples.map((sample) => {
    const stream = tracks.findIndex(({ id }) => id === sample.trackId);
    return {
      stream,
      ptsMs: ptsMsOf(tracks, sample) - (delaysMs[stream] ?? 0),
      isKey: sample.isSync,
      md5: hash('md5', sample.data),
    };
  });
}

/** The samples as Matroska: a cluster from each key frame of the first track, or each second; tags behind each. */
function rewrite({ tracks, samples }: Document, isLive: boolean): Uint8Array {
  const parts: Uint8Array[] = [documentHeader(tracks)];
  const clusters: Sample[][] = [];
  let startMs = 0;
  for (const sample of samples) {
    const isFirstTrack = sample.trackId === tracks[0]?.id;
    const ptsMs = ptsMsOf(tracks, sample);
    if (clusters.length === 0 || (isFirstTrack && sample.isSync && ptsMs >= startMs + 1000)) {
      clusters.push([]);
      startMs = ptsMs;
    }
    clusters.at(-1)?.push(sample);
  }
  for (const [i, cluster] of clusters.entries()) {
    const [first] = cluster;
    assert.ok(first);
    const time = ptsMsOf(tracks, first);
    const blocks = cluster.flatMap((sample) => {
      const relative = ptsMsOf(tracks, sample) - time;
      return [simpleBlockHead(sample.trackId, relative, sample.isSync, sample.data.length), sample.data];
    });
    const blocksBytes = blocks.reduce((sum, block) => sum + block.length, 0);
    parts.push(
      tagsElement([{ name: 'AWS_KINESISVIDEO_FRAGMENT_NUMBER', value: String(i) }]),
      clusterHead(time, isLive ? undefined : blocksBytes),
      ...blocks,
      tagsElement([
        { name: 'AWS_KINESISVIDEO_MILLIS_BEHIND_NOW', value: '0' },
        { name: 'AWS_KINESISVIDEO_CONTINUATION_TOKEN', value: String(i) },
      ]),
    );
  }
  return Buffer.concat(parts);
}

/** mkvinfo reads a file to its end and finds nothing to remark. */
async function checkMkvinfo(file: string): Promise<string> {
  const { stdout, stderr } = await run('mkvinfo', ['--all', file], { maxBuffer: 1 << 28 });
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /warning|error|unknown element|invalid|skip/i);
  return stdout;
}

for (const { name, args, merge, codecs, isUnknownToMediabunny } of CASES) {
  test(name, async () => {
    let file = join(folder.path, `${name}.mkv`);
    await ffmpeg(...args, file);
    if (merge === true) {
      const merged = join(folder.path, `${name} merged.mkv`);
      await run('mkvmerge', ['--quiet', '--output', merged, file]);
      file = merged;
    }
    const bytes = await readFile(file);
    const whole = read([bytes]);
    assert.equal(whole.tracks.length, codecs.length);
    for (const [i, pattern] of codecs.entries()) assert.match(whole.tracks[i]?.codecString ?? '', pattern);

    // Opus: ffprobe takes CodecDelay off, rounded; the same on both sides.
    const probed = await probe(file);
    const first = packetsOf(whole, []);
    const delaysMs = whole.tracks.map(
      (_, i) =>
        (first.find(({ stream }) => stream === i)?.ptsMs ?? 0) -
        (probed.find(({ stream }) => stream === i)?.ptsMs ?? 0),
    );
    for (const [i, delayMs] of delaysMs.entries())
      assert.ok(delayMs === 0 || whole.tracks[i]?.codec === 'opus');
    const packets = packetsOf(whole, delaysMs);
    assert.equal(packets.length, probed.length);
    for (const [i, packet] of packets.entries()) assert.deepEqual(packet, probed[i], `packet ${i}`);

    for (const [seed, maxBytes] of [40, 700, 20_000].entries()) {
      assert.deepEqual(read(pieces(bytes, seed, maxBytes)).events, whole.events);
    }
    for (const { dtsTicks, compositionOffsetTicks } of whole.samples) {
      assert.ok(dtsTicks >= 0 && compositionOffsetTicks >= 0);
    }

    for (const isLive of [true, false]) {
      const copy = join(folder.path, `${name} ${isLive ? 'live' : 'known'}.mkv`);
      const written = rewrite(whole, isLive);
      await writeFile(copy, written);
      assert.deepEqual(packetsOf(read([written]), []), packetsOf(whole, []));
      assert.deepEqual(await probe(copy), probed);
      assert.equal(
        (await checkMkvinfo(copy)).match(/^\| ?\+ Simple block|^\| {1,2}\+ Simple block/gim)?.length,
        packets.length,
      );
      if (isUnknownToMediabunny !== true) assert.equal(await countByMediabunny(written), packets.length);
    }
  });
}

async function countByMediabunny(bytes: Uint8Array): Promise<number> {
  using input = new Input({ source: new BufferSource(Uint8Array.from(bytes)), formats: ALL_FORMATS });
  let count = 0;
  for (const track of await input.getTracks()) {
    assert.notEqual(track.codec, null);
    for await (const packet of new EncodedPacketSink(track).packets()) {
      assert.ok(packet.data.length > 0);
      count += 1;
    }
  }
  return count;
}
