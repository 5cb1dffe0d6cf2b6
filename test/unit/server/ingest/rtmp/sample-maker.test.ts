import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import type { Codec, Sample, Track } from '../../../../../fragments/media/track.ts';
import { MessageType } from '../../../../../server/ingest/rtmp/messages.ts';
import { createRtmpCounters } from '../../../../../server/ingest/rtmp/rtmp-counters.ts';
import { SampleMaker } from '../../../../../server/ingest/rtmp/sample-maker.ts';
import { SampleWriter } from '../../../../../server/ingest/rtmp/sample-writer.ts';
import { MemorySink } from './support.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** avcC of a 640x360 clip. */
const AVCC = hex('014d401effe1001c674d401ed900a02ff966a0c0c0c80000030008000003019078b17240010005 68ebc3cb20');
const AAC = '1210';

interface Bench {
  readonly sink: MemorySink;
  readonly counters: ReturnType<typeof createRtmpCounters>;
  readonly maker: SampleMaker;
}

function bench(): Bench {
  const sink = new MemorySink();
  const counters = createRtmpCounters();
  return { sink, counters, maker: new SampleMaker(sink, counters) };
}

const vp8Key = (width: number, height: number) => {
  const frame = Buffer.from('1000009d012a00000000', 'hex');
  frame.writeUInt16LE(width, 6);
  frame.writeUInt16LE(height, 8);
  return Buffer.concat([hex(`91 ${Buffer.from('vp08').toString('hex')}`), frame]);
};

test('tracks are declared once, together, and nothing before them is lost', () => {
  const { sink, maker } = bench();
  maker.metadata({ videocodecid: 7, audiocodecid: 10 });
  maker.audio(hex(`af00${AAC}`), 0, 0);
  maker.audio(hex('af01aa'), 0, 0);
  maker.audio(hex('af01bb'), 23, 0);
  assert.equal(sink.declared.length, 0);
  maker.metadata({ width: 320, height: 200, videocodecid: 'vp08', audiocodecid: 10 });
  maker.video(vp8Key(320, 200), 40, 0);
  assert.deepEqual(
    sink.declared.map((tracks) => tracks.map((track) => `${track.id} ${track.codec}`)),
    [['1 vp8', '2 aac']],
  );
  assert.deepEqual(
    sink.samples.map((sample) => [sample.trackId, sample.dtsTicks]),
    [
      [2, 0],
      [2, 2070],
      [1, 3600],
    ],
  );
});

test('a promised track that does not come is waited for one second of media', () => {
  const { sink, maker } = bench();
  maker.metadata({ videocodecid: 7, audiocodecid: 10 });
  maker.audio(hex(`af00${AAC}`), 0, 0);
  for (let ms = 0; ms <= 990; ms += 10) maker.audio(hex('af01aa'), ms, 0);
  assert.equal(sink.declared.length, 0);
  maker.audio(hex('af01aa'), 1000, 0);
  assert.equal(sink.samples.length, 101);
  maker.video(vp8Key(320, 200), 1010, 0);
  assert.deepEqual(
    sink.declared.map((tracks) => tracks.length),
    [1, 2],
    'and is declared when it comes late',
  );
});

test('audio alone, by the metadata, waits for nothing; what is held goes out at the end', () => {
  const alone = bench();
  alone.maker.metadata({ audiocodecid: 7 });
  alone.maker.audio(hex('72abcd'), 0, 0);
  assert.deepEqual([alone.sink.tracks[0]?.codec, alone.sink.samples.length], ['pcma', 1]);
  const short = bench();
  short.maker.audio(hex('72abcd'), 0, 0);
  assert.equal(short.sink.samples.length, 0);
  short.maker.end(0);
  assert.equal(short.sink.samples.length, 1);
});

test('nanoseconds, composition times and 32-bit wrap become ticks of 90 kHz', () => {
  const { sink, maker } = bench();
  maker.metadata({ videocodecid: 7 });
  maker.video(Buffer.concat([hex('1700000000'), AVCC]), 0xffff_ffe0, 0);
  maker.video(hex('1701ffffec aabb'), 0xffff_ffe0, 0);
  maker.video(hex(`a7 02 07a120 01 ${Buffer.from('avc1').toString('hex')} 00000a aabb`), 8, 0);
  assert.deepEqual(sink.failures, []);
  assert.deepEqual(
    sink.samples.map(({ dtsTicks, compositionOffsetTicks, isSync }) => [
      dtsTicks,
      compositionOffsetTicks,
      isSync,
    ]),
    [
      [0xffff_ffe0 * 90, -20 * 90, true],
      [(2 ** 32 + 8) * 90 + 45, 10 * 90, false],
    ],
  );
});

test('a repeated configuration changes nothing; another one is declared', () => {
  const { sink, maker } = bench();
  maker.metadata({ audiocodecid: 10 });
  maker.audio(hex(`af00${AAC}`), 0, 0);
  maker.audio(hex('af01aa'), 0, 0);
  maker.audio(hex(`af00${AAC}`), 10, 0);
  assert.equal(sink.declared.length, 1);
  maker.audio(hex('af001390'), 20, 0);
  maker.audio(hex('af01bb'), 20, 0);
  assert.deepEqual(
    sink.declared.map(([track]) => track?.sampleRateHz),
    [44_100, 22_050],
  );
});

test('a picture that changes its size inside the stream', () => {
  const { sink, maker } = bench();
  maker.metadata({ videocodecid: 'vp08' });
  maker.video(vp8Key(320, 200), 0, 0);
  maker.video(vp8Key(640, 400), 40, 0);
  assert.deepEqual(
    sink.declared.map(([track]) => track?.width),
    [320, 640],
  );
});

test('the first track of a kind is stored, the others are counted', () => {
  const { sink, counters, maker } = bench();
  maker.metadata({ audiocodecid: 'Opus' });
  const opus = Buffer.from('Opus').toString('hex');
  const head = '4f7075734865616401020038bb800000000000';
  maker.audio(hex(`95 00 ${opus} 03 ${head}`), 0, 0);
  maker.audio(hex(`95 11 ${opus} 03 000001 f8 04 000001 f9`), 0, 0);
  assert.deepEqual(
    sink.samples.map((sample) => Buffer.from(sample.data).toString('hex')),
    ['f8'],
  );
  assert.equal(counters.skippedTrackPackets, 1);
});

test('what cannot be stored is counted and named once, and the rest goes on', () => {
  const { sink, counters, maker } = bench();
  maker.metadata({ audiocodecid: 10 });
  for (let i = 0; i < 3; i++) {
    maker.video(hex('1200'), i, 0);
    maker.video(hex(`95 ${Buffer.from('av01').toString('hex')} 80`), i, 0);
    maker.video(hex('1701'), i, 0);
    maker.video(hex('2701000000aa'), i, 0);
    maker.video(hex('1700000000ff'), i, 0);
  }
  maker.audio(hex(`af00${AAC}`), 5, 0);
  maker.audio(hex('af01aa'), 5, 0);
  assert.equal(sink.samples.length, 1);
  assert.deepEqual([counters.unsupportedPackets, counters.badTags, counters.unconfiguredPackets], [6, 6, 3]);
  assert.equal(sink.failures.length, 5);
});

function makeTrack(codec: Codec): Track {
  const audio = { id: 2, kind: 'audio', timescale: 48_000 } as const;
  switch (codec) {
    case 'aac':
      return describeTrack({ ...audio, codec, config: hex('1190') });
    case 'opus':
      return describeTrack({ ...audio, codec, config: hex('000201380000bb80000000') });
    case 'ac3':
      return describeTrack({ ...audio, codec, config: hex('102000') });
    case 'vp8':
      return describeTrack({
        id: 1,
        kind: 'video',
        codec,
        timescale: 30_000,
        config: hex('01000000001e820202020000'),
        width: 320,
        height: 200,
      });
    default:
      return describeTrack({ id: 1, kind: 'video', codec, timescale: 30_000, config: AVCC });
  }
}

for (const precise of [false, true]) {
  test(`written and read back, ${precise ? 'to the nanosecond' : 'to the millisecond'}`, () => {
    const sampleOf = (track: Track) =>
      fc.record({
        trackId: fc.constant(track.id),
        dtsTicks: fc.integer({ min: 3000, max: 2 ** 31 }),
        compositionOffsetTicks:
          track.codec === 'h264' ? fc.integer({ min: -5000, max: 5000 }) : fc.constant(0),
        durationTicks: fc.constant(0),
        isSync: track.codec === 'h264' ? fc.boolean() : fc.constant(true),
        data: fc.constant(track.codec === 'vp8' ? vp8Key(320, 200).subarray(5) : hex('000000012a')),
      }) satisfies fc.Arbitrary<Sample>;
    for (const codec of ['h264', 'vp8', 'aac', 'opus'] as const) {
      const track = makeTrack(codec);
      fc.assert(
        fc.property(sampleOf(track), (sample) => {
          const { sink, maker } = bench();
          maker.metadata(
            track.kind === 'video' ? { videocodecid: 7, width: 320, height: 200 } : { audiocodecid: 10 },
          );
          const writer = new SampleWriter({ precise, originSeconds: 0 });
          for (const message of [writer.config(track, 0), writer.sample(track, sample)]) {
            if (message === undefined) continue;
            const payload = Buffer.concat(message.payload);
            if (message.typeId === MessageType.video) maker.video(payload, message.timestampMs, 0);
            else maker.audio(payload, message.timestampMs, 0);
          }
          maker.end(0);
          assert.deepEqual(sink.failures, []);
          const [read] = sink.samples;
          assert.ok(read);
          assert.deepEqual(Buffer.from(read.data), sample.data);
          assert.equal(read.isSync, sample.isSync);
          const [declared] = sink.tracks;
          assert.deepEqual(
            [declared?.codec, declared && Buffer.from(declared.config).toString('hex')],
            [codec, Buffer.from(track.config).toString('hex')],
          );
          const ptsMs = ({ dtsTicks, compositionOffsetTicks }: Sample, timescale: number) =>
            ((dtsTicks + compositionOffsetTicks) * 1000) / timescale;
          // The message timestamp wraps; a single sample cannot tell how often.
          const wrapMs = 2 ** 32;
          const error = ptsMs(read, 90_000) - ptsMs(sample, track.timescale);
          const wrapped = error - Math.round(error / wrapMs) * wrapMs;
          assert.ok(Math.abs(wrapped) <= (precise ? 1 / 90 : 0.51), `off by ${wrapped} ms`);
        }),
      );
    }
  });
}
