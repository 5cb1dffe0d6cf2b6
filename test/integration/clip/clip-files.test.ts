import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFile, MP4BoxBuffer } from 'mp4box';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { Clip } from '../../../server/playback/clip/clip.ts';
import { ClipError } from '../../../server/playback/clip/clip-error.ts';
import { selectFragments } from '../../../server/playback/session/fragment-selection.ts';
import type { OpenStream } from '../../../server/streams/stream-service.ts';
import { clipPath, decodedVideoMd5 } from '../../e2e/support/media.ts';
import * as probe from '../../unit/fragments/cmaf/support.ts';
import { type Media, mediaOf, Recordings } from './recordings.ts';

/** Recordings to whole files and back, judged by ffprobe, ffmpeg, mp4box and our own reader. */

const LIMITS = { maxBytes: 100_000_000, maxFragments: 200 };

async function all(stream: OpenStream): Promise<FragmentInfo[]> {
  return selectFragments(stream.log, { clock: 'server', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }, 1000);
}

/** Reads in odd pieces, as ranges of a browser would. */
async function bytesOf(clip: Clip): Promise<Buffer> {
  const bytes = Buffer.alloc(clip.sizeBytes);
  for (let at = 0; at < bytes.length; at += 70_001) {
    const length = Math.min(70_001, bytes.length - at);
    await clip.read(bytes.subarray(at), at, length);
  }
  clip.close();
  return bytes;
}

interface Kept {
  readonly sizeBytes: number;
  readonly isKey: boolean;
  /** After the file's first packet. */
  readonly ptsMs: number;
  readonly dtsMs: number;
}

async function packetsByCodec(path: string): Promise<Record<string, Kept[]>> {
  const streams = await probe.probe(path);
  const startMs = Math.min(
    ...streams.map(({ packets, timescale }) => ((packets[0]?.pts ?? 0) * 1000) / timescale),
  );
  return Object.fromEntries(
    streams.map(({ codec, packets, timescale }) => [
      codec,
      packets.map(({ pts, dts, sizeBytes, isKey }) => ({
        sizeBytes,
        isKey,
        ptsMs: (pts * 1000) / timescale - startMs,
        dtsMs: (dts * 1000) / timescale - startMs,
      })),
    ]),
  );
}

/** The same packets; times within a tenth of a millisecond, since the source's tracks are aligned to a tick of each. */
function assertSamePackets(actual: Record<string, Kept[]>, expected: Record<string, Kept[]>): void {
  assert.deepEqual(Object.keys(actual).toSorted(), Object.keys(expected).toSorted());
  for (const [codec, packets] of Object.entries(expected)) {
    const own = actual[codec] ?? [];
    const facts = (list: readonly Kept[]) => list.map(({ sizeBytes, isKey }) => `${sizeBytes} ${isKey}`);
    assert.deepEqual(facts(own), facts(packets), codec);
    for (const [i, packet] of packets.entries()) {
      assert.ok(
        Math.abs(packet.ptsMs - (own[i]?.ptsMs ?? Number.NaN)) < 0.1,
        `${codec} ${i}: ${packet.ptsMs} ${own[i]?.ptsMs}`,
      );
      assert.ok(Math.abs(packet.dtsMs - (own[i]?.dtsMs ?? Number.NaN)) < 0.1, `${codec} ${i}: dts`);
    }
  }
}

/** Records media and writes all of it out as one clip. */
async function clipOf(recordings: Recordings, media: Media): Promise<string> {
  const stream = await recordings.record('cam', media);
  const path = join(recordings.directory, 'clip.mp4');
  writeFileSync(path, await bytesOf(await Clip.of(stream.log, await all(stream), LIMITS)));
  return path;
}

for (const name of [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-av1.mp4',
  'parking-720p-h264.mp4',
]) {
  test(`${name} comes back as a file, packet for packet and picture for picture`, async (t) => {
    const recordings = new Recordings(t);
    const path = await clipOf(recordings, await mediaOf(clipPath(name)));
    assertSamePackets(await packetsByCodec(path), await packetsByCodec(clipPath(name)));
    assert.equal(await decodedVideoMd5(path), await decodedVideoMd5(clipPath(name)));
  });
}

interface Made {
  readonly name: string;
  readonly args: readonly string[];
  /** G.711 comes out of a file in pieces of another length than the file's own. */
  readonly isPacketForPacket?: boolean;
}

const GENERATED: readonly Made[] = [
  {
    name: 'vp9 and opus',
    args: [
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-g',
      '30',
      '-c:a',
      'libopus',
      '-strict',
      '-2',
    ],
  },
  { name: 'h264 with b-frames and aac', args: ['-c:v', 'libx264', '-bf', '3', '-g', '30', '-c:a', 'aac'] },
  {
    name: 'h264 and g711 u-law',
    args: ['-c:v', 'libx264', '-g', '30', '-c:a', 'pcm_mulaw', '-ar', '8000', '-f', 'mov'],
    isPacketForPacket: false,
  },
  {
    name: 'h264 and g711 a-law',
    args: ['-c:v', 'libx264', '-g', '30', '-c:a', 'pcm_alaw', '-ar', '8000', '-f', 'mov'],
    isPacketForPacket: false,
  },
  { name: 'aac alone', args: ['-vn', '-c:a', 'aac'] },
];

for (const { name, args, isPacketForPacket = true } of GENERATED) {
  test(`${name}: decoded the same as the source`, async (t) => {
    const recordings = new Recordings(t);
    const source = join(recordings.directory, 'source.mp4');
    const made = [
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x180:r=30',
      '-f',
      'lavfi',
      '-i',
      'sine=sample_rate=48000',
    ];
    await probe.ffmpeg(...made, '-t', '5', ...args, source);
    const media = await mediaOf(source);
    const path = await clipOf(recordings, media);
    if (media.tracks.some(({ kind }) => kind === 'video')) {
      assert.equal(await decodedVideoMd5(path), await decodedVideoMd5(source));
    }
    if (isPacketForPacket) assertSamePackets(await packetsByCodec(path), await packetsByCodec(source));
    const back = await mediaOf(path);
    for (const { id } of media.tracks) assert.deepEqual(dataOf(back, id), dataOf(media, id));
    await assertMp4boxReads(path, media);
  });
}

function dataOf({ samples }: Media, id: number): string {
  const own = samples.filter(({ trackId }) => trackId === id);
  return hash('sha256', Buffer.concat(own.map(({ data }) => data)));
}

/** As many samples, of as many bytes, in every track. */
async function assertMp4boxReads(path: string, media: Media): Promise<void> {
  const file = createFile();
  const errors: string[] = [];
  file.onError = (module, message) => errors.push(`${module}: ${message}`);
  const bytes = readFileSync(path);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(bytes).buffer, 0));
  file.flush();
  assert.deepEqual(errors, []);
  const info = file.getInfo();
  assert.equal(info.isProgressive, true);
  for (const { id } of media.tracks) {
    const own = media.samples.filter(({ trackId }) => trackId === id);
    const read = file.getTrackSamplesInfo(id);
    assert.deepEqual(
      read.map(({ size }) => size),
      own.map(({ data }) => data.length),
    );
  }
}

const moved = (media: Media, seconds: number, from = 0): Media => ({
  tracks: media.tracks,
  samples: media.samples
    .filter(({ trackId, dtsTicks }) => dtsTicks >= from * timescaleOf(media, trackId))
    .map((sample) => ({
      ...sample,
      dtsTicks: sample.dtsTicks + Math.round(seconds * timescaleOf(media, sample.trackId)),
    })),
});

function timescaleOf({ tracks }: Media, id: number): number {
  return tracks.find((track) => track.id === id)?.timescale ?? 1;
}

test('gaps are closed up, and all tracks stay in step', async (t) => {
  const recordings = new Recordings(t);
  const media = await mediaOf(clipPath('faces-360p-h264.mp4'));
  const stream = await recordings.record('cam', media);
  recordings.nowMs += 3_600_000;
  await recordings.record('cam', moved(media, 5000));
  const path = join(recordings.directory, 'clip.mp4');
  writeFileSync(path, await bytesOf(await Clip.of(stream.log, await all(stream), LIMITS)));
  const [video = [], audio = []] = Object.values(await packetsByCodec(path));
  const source = await packetsByCodec(clipPath('faces-360p-h264.mp4'));
  const [onceVideo = [], onceAudio = []] = Object.values(source);
  assert.equal(video.length, 2 * onceVideo.length);
  assert.equal(audio.length, 2 * onceAudio.length);
  const secondVideoMs = video[onceVideo.length]?.dtsMs ?? 0;
  const secondAudioMs = audio[onceAudio.length]?.dtsMs ?? 0;
  // The audio begins one frame of 64 ms before the pictures, and ends up to two after them.
  assert.ok(Math.abs(secondVideoMs - 12_000) < 200, `the second part begins at ${secondVideoMs}`);
  const skewMs = (onceVideo[0]?.dtsMs ?? 0) - (onceAudio[0]?.dtsMs ?? 0);
  assert.ok(Math.abs(secondVideoMs - secondAudioMs - skewMs) < 0.2);
});

test('a clip is short where its limits end it, and refused where the decoder changes', async (t) => {
  const recordings = new Recordings(t);
  const media = await mediaOf(clipPath('parking-360p-h264.mp4'));
  const stream = await recordings.record('cam', media);
  const fragments = await all(stream);
  const three = await Clip.of(stream.log, fragments, { maxBytes: 1e9, maxFragments: 3 });
  assert.deepEqual(three.fragments, fragments.slice(0, 3));
  three.close();
  const firstTwo = (fragments[0]?.sizeBytes ?? 0) + (fragments[1]?.sizeBytes ?? 0);
  const two = await Clip.of(stream.log, fragments, { maxBytes: firstTwo, maxFragments: 200 });
  assert.equal(two.fragments.length, 2);
  two.close();
  const one = await Clip.of(stream.log, fragments, { maxBytes: 1, maxFragments: 200 });
  assert.equal(one.fragments.length, 1, 'never empty');
  one.close();

  await recordings.record('cam', moved(await mediaOf(clipPath('parking-720p-h264.mp4')), 1000));
  const both = await all(stream);
  await assert.rejects(
    async () => Clip.of(stream.log, both, LIMITS),
    (error) => error instanceof ClipError && error.code === 'codec-changed',
  );
  await assert.rejects(
    async () => Clip.of(stream.log, [], LIMITS),
    (error) => error instanceof ClipError && error.code === 'no-media',
  );
});

test('a clip that is being read stays readable when its files are deleted', async (t) => {
  const recordings = new Recordings(t);
  const stream = await recordings.record('cam', await mediaOf(clipPath('faces-360p-h264.mp4')));
  const fragments = await all(stream);
  const expected = await bytesOf(await Clip.of(stream.log, fragments, LIMITS));
  const clip = await Clip.of(stream.log, fragments, LIMITS);
  await recordings.streams.delete('cam');
  assert.ok(expected.equals(await bytesOf(clip)));
});

test('media that is not what its codec says is refused', async (t) => {
  const recordings = new Recordings(t);
  const { tracks, samples } = await mediaOf(clipPath('faces-360p-h264.mp4'));
  const startCodes = samples.map((sample) =>
    sample.trackId === 1 ? { ...sample, data: Buffer.concat([Buffer.of(0, 0, 0, 1), sample.data]) } : sample,
  );
  const stream = await recordings.record('cam', { tracks, samples: startCodes });
  await assert.rejects(
    async () => Clip.of(stream.log, await all(stream), LIMITS),
    (error) => error instanceof ClipError && error.code === 'bad-frame',
  );
});
