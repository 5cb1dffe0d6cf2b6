import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import { restamp } from '../../../../fragments/mpegts/restamp.ts';
import { TsError } from '../../../../fragments/mpegts/ts-error.ts';
import { TsMuxer } from '../../../../fragments/mpegts/ts-muxer.ts';
import { decodedVideoMd5, MEDIA, probe, readMedia, sample, temporaryFolder } from '../cmaf/support.ts';
import { fragmentsOf, muxSegment, packetsOfTs } from './support.ts';

const run = promisify(execFile);

/** The segments of a clip, put together as a player does. */
function concatenated(tracks: readonly Track[], samples: readonly Sample[], batch?: number): Buffer {
  const segments = fragmentsOf(tracks, samples).map((fragment, index) =>
    muxSegment(tracks, fragment, {
      shiftTicks: 900_000,
      tableCounter: index,
      ...(batch === undefined ? {} : { batch }),
    }),
  );
  return Buffer.concat(segments);
}

for (const clip of ['parking-360p-h264.mp4', 'parking-360p-h265.mp4', 'person-360p-h264.mp4']) {
  test(`ffmpeg reads every packet and the same pictures out of the segments of ${clip}`, async () => {
    const source = join(MEDIA, clip);
    const { tracks, samples } = await readMedia(source);
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'segments.ts');
    await writeFile(file, concatenated(tracks, samples));

    const streams = await probe(file);
    assert.equal(streams.length, tracks.length);
    for (const [i, track] of tracks.entries()) {
      const own = samples.filter(({ trackId }) => trackId === track.id);
      const at90k = (ticks: number) => Math.round((ticks * 90_000) / track.timescale) + 900_000;
      assert.deepEqual(
        streams[i]?.packets.map(({ pts, dts }) => [pts, dts]),
        own.map((each) => [
          at90k(each.dtsTicks + each.compositionOffsetTicks),
          at90k(each.dtsTicks - lateness(own)),
        ]),
      );
    }
    assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(source));
    // With everything that ffmpeg has to say: "Continuity check failed" is a debug message only.
    const { stderr } = await run('ffmpeg', ['-v', 'debug', '-i', file, '-c', 'copy', '-f', 'null', '-'], {
      maxBuffer: 1 << 28,
    });
    assert.doesNotMatch(stderr, /continuity check|corrupt|non[- ]monoton/i);
  });
}

/** How far the DTS of a track moves back. */
function lateness(samples: readonly Sample[]): number {
  return Math.max(0, ...samples.map(({ compositionOffsetTicks }) => -compositionOffsetTicks));
}

const AAC = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 48_000,
  config: Buffer.from('1190', 'hex'),
});
const MP3 = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'mp3',
  timescale: 48_000,
  config: new Uint8Array(0),
  sampleRateHz: 48_000,
  channels: 2,
});

function audio(frames: number, sizeBytes: (index: number) => number): Sample[] {
  return Array.from({ length: frames }, (_, i) =>
    sample({ trackId: 2, dtsTicks: i * 1024, durationTicks: 1024, sizeBytes: sizeBytes(i) }),
  );
}

test('every segment ends where the next one begins to count, whatever the sizes of its samples', () => {
  for (const track of [AAC, MP3]) {
    for (let frames = 0; frames < 40; frames++) {
      for (const sizeBytes of [0, 1, 6, 19, 150, 170, 171, 172, 400]) {
        const bytes = muxSegment(
          [track],
          audio(frames, () => sizeBytes),
        );
        const counted = packetsOfTs(bytes).filter(({ pid, hasPayload }) => pid === 0x100 && hasPayload);
        assert.equal(counted.length % 16, 0, `${frames} frames of ${sizeBytes} bytes`);
        for (const [i, { counter }] of counted.entries()) assert.equal(counter, i % 16);
        assert.equal(counted.filter(({ isStart }) => isStart).length, frames);
      }
    }
  }
});

test('a segment is the same in one piece or in many', async () => {
  const { tracks, samples } = await readMedia(join(MEDIA, 'parking-360p-h264.mp4'));
  const [fragment = []] = fragmentsOf(tracks, samples);
  const whole = muxSegment(tracks, fragment);
  const inPieces = muxSegment(tracks, fragment, { batch: 7 });
  assert.equal(inPieces.length, whole.length);
  // Only the order differs: the last sample of each track waits for the next piece.
  const sorted = (bytes: Buffer) =>
    packetsOfTs(bytes)
      .map(({ pid }) => pid)
      .sort();
  assert.deepEqual(sorted(inPieces), sorted(whole));
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'pieces.ts');
  await writeFile(file, concatenated(tracks, samples, 7));
  assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(join(MEDIA, 'parking-360p-h264.mp4')));
});

test('a segment at another time is the one that would have been muxed for that time', async () => {
  const { tracks, samples } = await readMedia(join(MEDIA, 'parking-360p-h264.mp4'));
  const [fragment = []] = fragmentsOf(tracks, samples);
  const plain = muxSegment(tracks, fragment);
  for (const shiftTicks of [0, 900_000, -5_000, 2 ** 33 - 1, 2 ** 33 + 7]) {
    const muxed = muxSegment(tracks, fragment, { shiftTicks, tableCounter: 21 });
    assert.ok(restamp(plain, shiftTicks, 21).equals(muxed), `shift ${shiftTicks}`);
  }
});

test('clock references come at least every 100 ms, also between rare pictures', () => {
  const video = describeTrack({ ...AVC_INPUT, id: 1 });
  const samples = [
    sample({ trackId: 1, dtsTicks: 0, data: nal(5) }),
    ...audio(94, () => 200),
    sample({ trackId: 1, dtsTicks: 180_000, data: nal(1), isSync: false }),
  ];
  const bytes = muxSegment([video, AAC], samples);
  const clocks: number[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    const hasAdaptation = ((bytes[at + 3] ?? 0) & 0x20) !== 0 && (bytes[at + 4] ?? 0) > 0;
    if (!hasAdaptation || ((bytes[at + 5] ?? 0) & 0x10) === 0) continue;
    assert.equal(bytes.readUInt16BE(at + 1) & 0x1fff, 0x100);
    clocks.push(bytes.readUInt32BE(at + 6) * 2 + ((bytes[at + 10] ?? 0) >> 7));
  }
  const steps = clocks.slice(1).map((clock, i) => (clock - (clocks[i] ?? 0) + 2 ** 33) % 2 ** 33);
  assert.ok(clocks.length >= 20, `${clocks.length} clocks`);
  assert.ok(Math.max(...steps) <= 9000, `${Math.max(...steps)}`);
});

const AVC_INPUT = {
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: Buffer.from('0142c01effe000', 'hex'),
  width: 640,
  height: 360,
} as const;

function nal(type: number): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 40, type]), Buffer.alloc(39, 7)]);
}

test('a DTS is never behind its PTS', () => {
  const video = describeTrack({ ...AVC_INPUT, id: 1 });
  const offsets = [0, 6000, -3000, -3000];
  const samples = offsets.map((compositionOffsetTicks, i) =>
    sample({
      trackId: 1,
      dtsTicks: 90_000 + i * 3000,
      compositionOffsetTicks,
      isSync: i === 0,
      data: nal(1),
    }),
  );
  const bytes = muxSegment([video], samples);
  const times: [pts: number, dts: number][] = [];
  for (let at = bytes.indexOf('000001e0', 'hex'); at >= 0; at = bytes.indexOf('000001e0', at + 1, 'hex')) {
    const read = (from: number) =>
      ((bytes[from] ?? 0) & 14) * 2 ** 29 +
      ((bytes.readUInt16BE(from + 1) >> 1) << 15) +
      (bytes.readUInt16BE(from + 3) >> 1);
    const hasDts = (bytes[at + 7] ?? 0) >> 6 === 3;
    times.push([read(at + 9), read(at + (hasDts ? 14 : 9))]);
  }
  assert.deepEqual(times, [
    [90_000, 87_000],
    [99_000, 90_000],
    [93_000, 93_000],
    [96_000, 96_000],
  ]);
});

test('what a transport stream cannot carry is refused by name', () => {
  const opus = describeTrack({
    id: 2,
    kind: 'audio',
    codec: 'opus',
    timescale: 48_000,
    config: Buffer.from('00020138 0000bb80 0000 00'.replaceAll(' ', ''), 'hex'),
  });
  const refused = (tracks: readonly Track[], code: string) =>
    assert.throws(
      () => new TsMuxer({ tracks, emit: () => {} }),
      (error) => error instanceof TsError && error.code === code,
    );
  refused([opus], 'unsupported-codec');
  refused([], 'no-tracks');
  refused([{ ...AAC, config: Buffer.from('1180', 'hex') }], 'unsupported-config');
  refused([{ ...AAC, config: new Uint8Array(0) }], 'unsupported-config');
});

test('samples of other tracks are passed over, and torn ones carry what is there', () => {
  const bytes = muxSegment([AAC], [sample({ trackId: 9 }), ...audio(2, () => 10), sample({ trackId: 9 })]);
  assert.equal(
    packetsOfTs(bytes).filter(({ isStart, pid }) => isStart && pid >= 0x100 && pid < 0x1000).length,
    2,
  );
  const video = describeTrack({ ...AVC_INPUT, id: 1 });
  const torn = sample({ trackId: 1, data: Buffer.concat([nal(5), Buffer.from([0, 0, 1, 0, 65])]) });
  const stream = muxSegment([video], [torn]);
  assert.ok(stream.length > 188 * 2);
});
