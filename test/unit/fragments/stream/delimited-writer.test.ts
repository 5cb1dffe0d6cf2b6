import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import type { Track } from '../../../../fragments/media/track.ts';
import { DelimitedWriter } from '../../../../fragments/stream/delimited-writer.ts';
import { FragmentDelivery, type FragmentNews } from '../../../../fragments/stream/fragment-delivery.ts';
import { MemoryLiveWindow } from '../../../../fragments/stream/memory-live-window.ts';
import { producerHeaderOf } from '../../../../fragments/stream/producer-header.ts';
import { StreamNumbering } from '../../../../fragments/stream/stream-numbering.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../../fragments/stream/stream-settings.ts';
import { AUDIO, NOW_MS, sampleAt, VIDEO } from './media.ts';
import { MemoryLog } from './memory-log.ts';

const MS_VIDEO: Track = { ...VIDEO, timescale: 1000 };
const MS_AUDIO: Track = { ...AUDIO, timescale: 1000 };
const HEADER = Buffer.from('1a45dfa3 and so on', 'latin1');

class Rig {
  readonly log = new MemoryLog();
  readonly window: MemoryLiveWindow;
  readonly news: FragmentNews[] = [];
  readonly numbering: StreamNumbering;
  readonly delivery: FragmentDelivery;

  constructor() {
    this.window = new MemoryLiveWindow(DEFAULT_STREAM_SETTINGS, 0);
    this.numbering = new StreamNumbering(this.log.end, 0, () => 7);
    const { log, window, numbering } = this;
    this.delivery = new FragmentDelivery({
      log,
      window,
      numbering,
      onFragment: (news) => this.news.push(news),
    });
    window.start();
  }

  session(tracks: readonly Track[] = [MS_VIDEO, MS_AUDIO], header: Uint8Array | undefined = HEADER) {
    const { delivery, window, numbering } = this;
    const writer = new DelimitedWriter({ delivery, window, numbering, settings: DEFAULT_STREAM_SETTINGS });
    writer.setTracks(tracks, header);
    return writer;
  }

  stored(ordinal: number) {
    return samplesOf(this.log.bytesOf(ordinal), [MS_VIDEO, MS_AUDIO]);
  }
}

function begin(writer: DelimitedWriter, producerMs: number, startsRun = false) {
  return writer.beginFragment({ producerMs, tags: [], startsRun }, NOW_MS);
}

/** 25 fps and 20 ms of audio from a time on, in the order of a producer. */
function write(writer: DelimitedWriter, fromMs: number, toMs: number): void {
  for (let ms = fromMs; ms < toMs; ms += 20) {
    if ((ms - fromMs) % 40 === 0)
      writer.write(sampleAt(MS_VIDEO, ms, { isSync: ms === fromMs }), NOW_MS, 5000 + ms);
    writer.write(sampleAt(MS_AUDIO, ms), NOW_MS, 5000 + ms);
  }
}

test('fragments begin and end where the producer says, with its own times, tags and header', async () => {
  const rig = new Rig();
  const writer = rig.session();
  const name = writer.beginFragment(
    { producerMs: 1234.5, tags: [{ name: 'a', value: '1' }], startsRun: false },
    NOW_MS,
  );
  assert.deepEqual(rig.window.fragments, [], 'nothing is seen before the first sample');
  write(writer, 700, 1700);
  writer.addTags([{ name: 'b', value: '2' }]);
  assert.deepEqual(rig.window.current?.tags, [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ]);
  assert.equal(writer.endFragment(new Map([[1, 1701]])), true);
  begin(writer, 2234.5);
  write(writer, 1701, 1901);
  writer.endFragment();
  await rig.delivery.whenIdle();

  const [first, second] = rig.log.fragments;
  assert.ok(first && second);
  assert.equal(first.number, name.number);
  assert.deepEqual(
    [first.producerMs, first.startTicks, first.durationTicks, first.startsRun],
    [1234.5, 700, 1001, true],
  );
  assert.deepEqual(
    [second.producerMs, second.startTicks, second.durationTicks, second.startsRun],
    [2234.5, 1701, 200, false],
  );
  assert.deepEqual(await rig.log.tags(0), [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ]);
  assert.deepEqual(await rig.log.tags(1), []);
  const video = rig.stored(0).filter(({ trackId }) => trackId === 1);
  assert.deepEqual(
    video.map(({ dtsTicks }) => dtsTicks),
    Array.from({ length: 25 }, (_, at) => 700 + at * 40),
  );
  assert.equal(video.at(-1)?.durationTicks, 41, 'the last one lasts until the next fragment');
  const init = rig.log.chunks[0]?.init.bytes;
  assert.deepEqual(init && producerHeaderOf(init), HEADER);
});

test('readers see each sample in the call that brought it, and parts keep their target', () => {
  const rig = new Rig();
  const writer = rig.session();
  begin(writer, 0);
  writer.write(sampleAt(MS_VIDEO, 0, { isSync: true }), NOW_MS, 0);
  assert.equal(rig.window.current?.samples.length, 1);
  // the frame before a pause would carry its part over the target: it begins the next one
  for (const ms of [100, 200, 300, 400, 800, 900]) writer.write(sampleAt(MS_VIDEO, ms), NOW_MS, ms);
  writer.endFragment(new Map([[1, 1000]]));
  const { parts } = rig.window.byOrdinal(0) ?? {};
  assert.deepEqual(
    parts?.map(({ durationTicks, independent }) => [durationTicks, independent]),
    [
      [400, true],
      [500, false],
      [100, false],
    ],
  );
  const rendered = parts?.map((part) => samplesOf(Buffer.concat(part.buffers), [MS_VIDEO]).length);
  assert.deepEqual(rendered, [4, 2, 1]);
});

test('a long fragment goes to the log in chunks, and is whole in memory and on disk', async () => {
  const rig = new Rig();
  const writer = rig.session();
  begin(writer, 0);
  write(writer, 0, 9000);
  writer.addTags([{ name: 'late', value: 'x' }]);
  writer.endFragment(new Map([[1, 9000]]));
  await rig.delivery.whenIdle();
  assert.deepEqual(
    rig.log.chunks.map(({ tags }) => tags.length),
    [0, 0, 1],
  );
  const info = rig.log.fragments[0];
  assert.equal(info?.durationTicks, 9000);
  const inMemory = Buffer.concat(rig.window.byOrdinal(0)?.segment ?? []);
  assert.equal(inMemory.length, info?.sizeBytes);
  assert.deepEqual(
    samplesOf(inMemory, [MS_VIDEO, MS_AUDIO]).map(({ dtsTicks }) => dtsTicks),
    rig.stored(0).map(({ dtsTicks }) => dtsTicks),
  );
});

test('fragments without a key frame, without the lead track, or with nothing in them', async () => {
  const rig = new Rig();
  const writer = rig.session();
  begin(writer, 0);
  writer.write(sampleAt(MS_VIDEO, 0), NOW_MS, 0);
  writer.endFragment();
  const empty = begin(writer, 1000);
  assert.equal(writer.endFragment(), false);
  const next = begin(writer, 2000);
  assert.equal(next.ordinal, empty.ordinal, 'no hole');
  assert.notEqual(next.number, empty.number);
  for (let ms = 2000; ms < 2100; ms += 20) writer.write(sampleAt(MS_AUDIO, ms), NOW_MS, ms);
  writer.endFragment();
  await rig.delivery.whenIdle();
  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, independent, startTicks, durationTicks, startsRun }) => [
      ordinal,
      independent,
      startTicks,
      durationTicks,
      startsRun,
    ]),
    [
      [0, false, 0, 40, true],
      [1, true, 2000, 100, false],
    ],
  );
});

test('sessions take turns: each switch begins a run, and times may go back', async () => {
  const rig = new Rig();
  const one = rig.session();
  const two = rig.session([MS_VIDEO, MS_AUDIO], Buffer.from('another header'));
  for (const [writer, fromMs] of [
    [one, 5000],
    [one, 6000],
    [two, 5000],
    [one, 7000],
  ] as const) {
    begin(writer, fromMs);
    write(writer, fromMs, fromMs + 1000);
    writer.endFragment();
  }
  await rig.delivery.whenIdle();
  assert.deepEqual(
    rig.log.fragments.map(({ run, startsRun, startTicks }) => [run, startsRun, startTicks]),
    [
      [0, true, 5000],
      [0, false, 6000],
      [1, true, 5000],
      [2, true, 7000],
    ],
  );
  const inits = rig.log.fragments.map(({ initId }) => initId);
  assert.equal(inits[0], inits[3]);
  assert.notEqual(inits[0], inits[2]);
});

test('other header bytes in a session begin a run; the same ones change nothing', async () => {
  const rig = new Rig();
  const writer = rig.session();
  for (const header of [HEADER, HEADER, Buffer.from('changed')]) {
    writer.setTracks([MS_VIDEO, MS_AUDIO], header);
    const fromMs = rig.window.nextOrdinal * 1000;
    begin(writer, fromMs);
    write(writer, fromMs, fromMs + 1000);
    writer.endFragment();
  }
  assert.deepEqual(
    rig.news.filter(({ type }) => type === 'received').map(({ info }) => info.startsRun),
    [true, false, true],
  );
  assert.throws(() => writer.setTracks([MS_VIDEO], new Uint8Array(5 * 1024 * 1024)), Mp4Error);
});

test('what a track cannot be is counted and evened out', async () => {
  const rig = new Rig();
  const writer = rig.session();
  begin(writer, 0);
  writer.write(sampleAt(MS_VIDEO, 100, { isSync: true, offsetMs: 10 }), NOW_MS, 0);
  writer.write(sampleAt(MS_VIDEO, 100, { offsetMs: 20 }), NOW_MS, 0);
  writer.write({ ...sampleAt(MS_VIDEO, 0), trackId: 9 }, NOW_MS, 0);
  writer.endFragment();
  await rig.delivery.whenIdle();
  assert.deepEqual(writer.counters, { nudged: 1, unknownTrack: 1 });
  assert.deepEqual(
    rig.stored(0).map(({ dtsTicks, compositionOffsetTicks }) => dtsTicks + compositionOffsetTicks),
    [110, 120],
  );
});

test('a fragment that the log refuses is lost aloud, and the next one begins a run behind a gap', async () => {
  const rig = new Rig();
  const writer = rig.session();
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 0 ? 'disk-full' : undefined);
  begin(writer, 0);
  write(writer, 0, 1000);
  writer.endFragment();
  await Promise.resolve();
  await Promise.resolve();
  begin(writer, 1000);
  write(writer, 1000, 2000);
  writer.endFragment();
  await rig.delivery.whenIdle();
  assert.deepEqual(
    rig.news.map(({ type, info }) => `${type} ${info.ordinal}`),
    ['received 0', 'lost 0', 'received 1', 'persisted 1'],
  );
  const [info] = rig.log.fragments;
  assert.deepEqual([info?.gapBefore, info?.startsRun], [true, true]);
});
