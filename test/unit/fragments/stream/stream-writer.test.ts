import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBoxes } from '../../../../fragments/cmaf/boxes.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { wallClockOf } from '../../../../fragments/cmaf/wall-clock.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import { AUDIO, camera, NOW_MS, sampleAt, VIDEO } from './media.ts';
import { WriterRig } from './writer-rig.ts';

const BIGGER: Track = { ...VIDEO, width: 1280, height: 720 };

/** Video alone at 25 fps with one key frame at its start. */
function gop(fromMs: number, toMs: number, bytes = 10): Sample[] {
  const samples: Sample[] = [];
  for (let ms = fromMs; ms < toMs; ms += 40)
    samples.push(sampleAt(VIDEO, ms, { isSync: ms === fromMs, bytes }));
  return samples;
}

function startsAndEnds(rig: WriterRig): number[][] {
  return rig.log.fragments.map(({ startTicks, durationTicks, timescale }) => [
    (startTicks * 1000) / timescale,
    ((startTicks + durationTicks) * 1000) / timescale,
  ]);
}

test('a GOP is a fragment, with its audio by time, in the log and in the window', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 3500));
  await rig.writer.end();

  assert.deepEqual(startsAndEnds(rig), [
    [0, 1000],
    [1000, 2000],
    [2000, 3000],
    [3000, 3520],
  ]);
  const [first, second] = rig.log.fragments;
  assert.ok(first && second);
  assert.deepEqual([first.startsRun, first.independent, first.producerMs], [true, true, NOW_MS]);
  assert.deepEqual([second.startsRun, second.run, second.producerMs], [false, 0, NOW_MS + 1000]);
  for (const samples of rig.stored().slice(0, 3)) {
    assert.equal(samples.filter(({ trackId }) => trackId === VIDEO.id).length, 25);
    assert.equal(samples.filter(({ trackId }) => trackId === AUDIO.id).length, 50);
  }
  assert.deepEqual(
    rig.news
      .map(({ type, info }) => `${type} ${info.ordinal}`)
      .filter((line) => line.startsWith('persisted')),
    ['persisted 0', 'persisted 1', 'persisted 2', 'persisted 3'],
  );
});

test('parts hold the same samples as their fragment, and say when they happened', () => {
  const rig = new WriterRig();
  rig.write(camera(0, 2200));
  const fragment = rig.window.byOrdinal(1);
  assert.ok(fragment?.isComplete);
  assert.deepEqual(
    fragment.parts.map(({ durationTicks, independent }) => [durationTicks / 90, independent]),
    [
      [480, true],
      [480, false],
      [40, false],
    ],
  );
  const rendered = fragment.parts.map((part) => Buffer.concat(part.buffers));
  assert.deepEqual(
    rendered.map(({ length }) => length),
    fragment.parts.map(({ sizeBytes }) => sizeBytes),
  );
  const ofSegment = samplesOf(Buffer.concat(fragment.segment), fragment.tracks);
  assert.deepEqual(
    rendered.flatMap((part) => samplesOf(part, fragment.tracks)),
    ofSegment,
  );
  const [, middle] = rendered;
  assert.ok(middle);
  assert.deepEqual(wallClockOf(middle), { trackId: 1, mediaTicks: 1480 * 90, epochMs: NOW_MS + 1480 });
});

test('the window tells the part target that the frame rate allows', () => {
  const rig = new WriterRig({ partTargetMs: 200 }, [VIDEO]);
  const frames = Array.from({ length: 50 }, (_, i) =>
    sampleAt(VIDEO, Math.round((i * 1000) / 24), { isSync: i === 0 }),
  );
  rig.write(frames);
  assert.equal(rig.window.partTargetMs, 200);
  assert.equal(rig.window.effectivePartTargetMs, 210);
  const parts = rig.window.current?.parts ?? [];
  assert.ok(parts.length > 5);
  for (const { durationTicks } of parts) {
    assert.ok(durationTicks / 90 <= 210 && durationTicks / 90 >= 0.85 * 210);
  }
});

test('key frames nearer than the minimum do not cut', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.write(Array.from({ length: 50 }, (_, i) => sampleAt(VIDEO, i * 40, { isSync: true })));
  await rig.writer.end();
  assert.deepEqual(startsAndEnds(rig), [
    [0, 520],
    [520, 1040],
    [1040, 1560],
    [1560, 2000],
  ]);
});

test('a long GOP is several chunks, cut at parts, and cut for good after 20 s', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.write([...gop(0, 21_000), ...gop(21_000, 21_400)]);
  const complete = rig.window.byOrdinal(0);
  await rig.writer.end();
  assert.deepEqual(startsAndEnds(rig), [
    [0, 20_000],
    [20_000, 21_000],
    [21_000, 21_400],
  ]);
  assert.deepEqual(
    rig.log.fragments.map(({ independent }) => independent),
    [true, false, true],
  );
  const chunks = rig.log.chunks.filter(({ fragment }) => fragment.ordinal === 0);
  assert.deepEqual(
    chunks.map(({ chunkIndex, isLast, chunkDurationTicks }) => [chunkIndex, isLast, chunkDurationTicks / 90]),
    [
      [0, false, 4320],
      [1, false, 4320],
      [2, false, 4320],
      [3, false, 4320],
      [4, true, 2720],
    ],
  );
  assert.ok(complete);
  const inMemory = Buffer.concat(complete.segment);
  assert.equal(inMemory.length, complete.info.sizeBytes);
  assert.equal(complete.info.sizeBytes, chunks.at(-1)?.fragment.sizeBytes);
  const types = readBoxes(inMemory).map(({ type }) => type);
  assert.deepEqual(types.slice(0, 5), ['prft', 'moof', 'mdat', 'free', 'prft']);
  assert.equal(samplesOf(inMemory, [VIDEO]).length, 500);
});

test('a fat GOP is several chunks as well, and cut before it is too large to hold', async () => {
  const rig = new WriterRig({ chunkBytes: 50_000, maxFragmentBytes: 200_000 }, [VIDEO]);
  rig.write(gop(0, 4000, 2500));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.chunks.map(({ fragment, chunkIndex, buffers }) => [
      fragment.ordinal,
      chunkIndex,
      (buffers.length - 1) * 2500,
    ]),
    [
      [0, 0, 60_000],
      [0, 1, 60_000],
      [0, 2, 60_000],
      [0, 3, 20_000],
      [1, 0, 50_000],
    ],
  );
});

test('a session that does not begin with a key frame waits for it', async () => {
  const rig = new WriterRig();
  rig.write(camera(400, 2500));
  await rig.writer.end();
  const [first] = rig.log.fragments;
  assert.deepEqual([first?.ordinal, first?.independent, (first?.startTicks ?? 0) / 90], [0, true, 1000]);
  assert.equal(rig.writer.counters.droppedBeforeKey, 15 + 30 - 2);
  const audio = rig.stored()[0]?.filter(({ trackId }) => trackId === AUDIO.id);
  assert.equal((audio?.[0]?.dtsTicks ?? 0) / 90, 960, 'what came after the last dropped picture is kept');
});

test('audio that begins before the first key frame keeps its offset', async () => {
  const rig = new WriterRig();
  rig.write([0, 20, 40, 60].map((ms) => sampleAt(AUDIO, ms)));
  rig.write(camera(80, 1000).map((sample, i) => (i === 0 ? { ...sample, isSync: true } : sample)));
  await rig.writer.end();
  assert.equal(rig.log.fragments.length, 1);
  assert.equal((rig.log.fragments[0]?.startTicks ?? 0) / 90, 80);
  assert.equal(rig.writer.counters.droppedBeforeKey, 0);
  const stored = rig.stored()[0] ?? [];
  assert.equal(stored[0]?.trackId, AUDIO.id);
  assert.equal(stored.length, 4 + 23 + 46);
});

test('who follows it live is told when it begins as it will be stored, though audio came first', async () => {
  const rig = new WriterRig();
  const told = new Set<number | undefined>();
  const write = (samples: readonly Sample[]) => {
    rig.write(samples);
    const { current } = rig.window;
    if (current?.samples.some(({ trackId }) => trackId === VIDEO.id)) told.add(current.info.producerMs);
  };
  for (const ms of [0, 20, 40]) write([sampleAt(AUDIO, ms)]);
  for (let ms = 60; ms < 500; ms += 20) {
    write([sampleAt(VIDEO, ms, { isSync: ms === 60 })]);
    write([sampleAt(AUDIO, ms)]);
  }
  await rig.writer.end();
  assert.deepEqual([...told], [rig.log.fragments[0]?.producerMs]);
});

test('audio from long before the first key frame is dropped: the tracks begin together', async () => {
  const rig = new WriterRig();
  rig.write(Array.from({ length: 74 }, (_, i) => sampleAt(AUDIO, i * 20)));
  rig.write(camera(1480, 3000).map((sample, i) => (i === 0 ? { ...sample, isSync: true } : sample)));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ startTicks }) => startTicks / 90),
    [1480, 2000],
  );
  const [first] = rig.stored()[0] ?? [];
  assert.deepEqual([first?.trackId, (first?.dtsTicks ?? 0) / 90], [AUDIO.id, 1380]);
  assert.equal(rig.writer.counters.droppedBeforeKey, 69);
});

test('no key frame comes: after the wait it goes on without', async () => {
  const rig = new WriterRig({ keyFrameWaitMs: 2000 });
  rig.write(camera(40, 5000, 1_000_000));
  await rig.writer.end();
  const [first] = rig.log.fragments;
  assert.deepEqual([first?.independent, (first?.startTicks ?? 0) / 90], [false, 2040]);
  const stored = rig.stored().flat().length;
  assert.equal(stored + rig.writer.counters.droppedBeforeKey, camera(40, 5000).length);
});

test('video was promised and never comes: the audio is kept, and tells the time', async () => {
  const rig = new WriterRig({ keyFrameWaitMs: 3000 });
  const audio = Array.from({ length: 500 }, (_, i) => sampleAt(AUDIO, i * 20));
  rig.write(audio);
  await rig.writer.end();
  assert.deepEqual(
    startsAndEnds(rig).map(([start]) => start),
    [0, 2000, 4000, 6000, 8000],
  );
  assert.equal(rig.stored().flat().length, 500);
});

test('video that stays away hands over to the audio, and takes over again with its next key frame', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 2000));
  for (let ms = 2000; ms < 30_000; ms += 20) rig.writer.write(sampleAt(AUDIO, ms), NOW_MS + ms);
  for (const sample of camera(30_000, 32_000)) rig.writer.write(sample, NOW_MS + sample.dtsTicks / 90);
  await rig.writer.end();
  const leads = rig.stored().map((samples) => samples.some(({ trackId }) => trackId === VIDEO.id));
  assert.deepEqual([leads.at(0), leads.at(-1)], [true, true]);
  assert.ok(leads.filter((hasVideo) => !hasVideo).length >= 2);
  assert.equal(new Set(rig.log.fragments.map(({ run }) => run)).size, 1);
  assert.equal(rig.stored().flat().length, 1600 + 100);
});

test('audio only: fragments of two seconds, every part independent', async () => {
  const rig = new WriterRig({}, [AUDIO]);
  rig.write(Array.from({ length: 250 }, (_, i) => sampleAt(AUDIO, i * 20)));
  const parts = rig.window.byOrdinal(0)?.parts ?? [];
  await rig.writer.end();
  assert.deepEqual(startsAndEnds(rig), [
    [0, 2000],
    [2000, 4000],
    [4000, 5000],
  ]);
  assert.ok(parts.every(({ independent }) => independent));
  assert.ok(parts.slice(0, -1).every(({ durationTicks }) => durationTicks / 90 === 500));
});

test('audio that falls silent leaves no hole in the video and comes back in its place', async () => {
  const rig = new WriterRig();
  const all = camera(0, 8000).filter(
    ({ trackId, dtsTicks }) => trackId === VIDEO.id || dtsTicks < 90 * 1500 || dtsTicks >= 90 * 5500,
  );
  rig.write(all);
  await rig.writer.end();
  assert.deepEqual(
    startsAndEnds(rig),
    Array.from({ length: 8 }, (_, i) => [i * 1000, (i + 1) * 1000]),
  );
  assert.equal(rig.stored().flat().length, all.length);
  assert.equal(rig.writer.counters.silences, 1);
  assert.equal(rig.log.fragments.at(-1)?.run, 0);
});

test('composition offsets are kept, in the order of decode times', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  const offsets = [80, 160, 80, 0, 40, 160, 80, 0, 40];
  rig.write(offsets.map((offsetMs, i) => sampleAt(VIDEO, i * 40, { isSync: i === 0, offsetMs })));
  await rig.writer.end();
  assert.deepEqual(
    rig.stored([VIDEO])[0]?.map((sample) => [sample.dtsTicks / 90, sample.compositionOffsetTicks / 90]),
    offsets.map((offsetMs, i) => [i * 40, offsetMs]),
  );
});

test('a reset of the timestamps begins a run, and loses nothing', async () => {
  const rig = new WriterRig();
  rig.write(camera(600_000, 602_500));
  rig.write(camera(0, 1500));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ run, startsRun, startTicks }) => [run, startsRun, startTicks / 90]),
    [
      [0, true, 600_000],
      [0, false, 601_000],
      [0, false, 602_000],
      [1, true, 0],
      [1, false, 1000],
    ],
  );
  assert.equal(rig.stored().flat().length, camera(0, 2500).length + camera(0, 1500).length);
});

test('server time never goes back, whatever the clock does', async () => {
  const rig = new WriterRig();
  const samples = camera(0, 6000);
  for (const sample of samples) {
    const ms = sample.dtsTicks / 90;
    rig.writer.write(sample, NOW_MS + ms - (ms >= 2500 ? 30_000 : 0));
  }
  await rig.writer.end();
  const times = rig.log.fragments.map(({ serverMs }) => serverMs - NOW_MS);
  assert.deepEqual(times, [0, 1000, 2000, 2480, 2480, 2480]);
  const numbers = rig.log.fragments.map(({ number }) => number);
  assert.deepEqual(numbers, numbers.toSorted());
  assert.ok(rig.log.fragments.every(({ run }) => run === 0));
  assert.equal(rig.stored().flat().length, samples.length);
});

test('a material change of the decoder configuration begins a run with another init segment', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.write(gop(0, 1000));
  rig.writer.setTracks([BIGGER]);
  rig.write(gop(1000, 2000));
  await rig.writer.end();
  const [before, after] = rig.log.fragments;
  assert.ok(before && after);
  assert.notEqual(before.initId, after.initId);
  assert.deepEqual([after.run, after.startsRun, after.startTicks / 90], [1, true, 1000]);
  assert.equal((before.startTicks + before.durationTicks) / 90, 1000);
});

test('tracks that become known before the first fragment begins are no change', async () => {
  const rig = new WriterRig({}, [AUDIO]);
  rig.writer.setTracks([VIDEO, AUDIO]);
  rig.write([0, 20].map((ms) => sampleAt(AUDIO, ms)));
  rig.writer.setTracks([BIGGER, AUDIO]);
  rig.write(camera(40, 2000).map((sample, i) => (i === 0 ? { ...sample, isSync: true } : sample)));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ run }) => run),
    [0, 0],
  );
  assert.equal(rig.writer.counters.configChanges, 0);
  assert.equal(rig.stored().flat().length, 2 + camera(40, 2000).length);
});

test('audio whose configuration changes before the first fragment begins is not mixed', async () => {
  const rig = new WriterRig({}, [VIDEO, AUDIO]);
  rig.write([0, 20].map((ms) => sampleAt(AUDIO, ms)));
  rig.writer.setTracks([VIDEO, { ...AUDIO, codec: 'pcma', codecString: 'alaw' }]);
  rig.write(camera(40, 1000).map((sample, i) => (i === 0 ? { ...sample, isSync: true } : sample)));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ run }) => run),
    [0, 1],
  );
  assert.equal(rig.stored()[0]?.length, 2);
});

test('a configuration that is repeated, or changed and changed back, is no change', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.write(gop(0, 1000));
  rig.writer.setTracks([{ ...VIDEO }]);
  rig.writer.setTracks([BIGGER]);
  rig.writer.setTracks([VIDEO]);
  rig.write(gop(1000, 2000));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ run }) => run),
    [0, 0],
  );
  assert.equal(rig.writer.counters.configChanges, 0);
});

test('a configuration that flaps costs a run each time, is counted, and loses nothing', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  for (let i = 0; i < 50; i++) {
    rig.writer.setTracks([i % 2 === 0 ? VIDEO : BIGGER]);
    rig.write([sampleAt(VIDEO, i * 40, { isSync: true })]);
  }
  await rig.writer.end();
  assert.equal(rig.stored([VIDEO]).flat().length, 50);
  assert.equal(new Set(rig.log.fragments.map(({ initId }) => initId)).size, 2);
  assert.equal(rig.log.fragments.at(-1)?.run, 49);
  assert.equal(rig.writer.counters.configChanges, 49);
});

test('tracks that cannot be stored are refused, and what was declared before stays', () => {
  const rig = new WriterRig({}, [VIDEO]);
  assert.throws(() => rig.writer.setTracks([VIDEO, VIDEO]));
  assert.throws(() => rig.writer.setTracks([]));
  rig.write(gop(0, 200));
  assert.equal(rig.writer.tracks[0], VIDEO);
});

test('samples of tracks that nobody declared are counted', () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.writer.write(sampleAt(AUDIO, 0), NOW_MS);
  assert.equal(rig.writer.counters.unknownTrack, 1);
});

test('a lost fragment is told, and the next one begins a run after a gap', async () => {
  const rig = new WriterRig();
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 1 ? 'backlog-full' : undefined);
  for (let ms = 0; ms < 5000; ms += 200) {
    rig.write(camera(ms, ms + 200));
    await rig.settle();
  }
  await rig.writer.end();
  const lost = rig.news.filter((news) => news.type === 'lost');
  assert.deepEqual(
    lost.map(({ info, reason }) => [info.ordinal, reason]),
    [[1, 'backlog-full']],
  );
  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, run, startsRun, gapBefore }) => [ordinal, run, startsRun, gapBefore]),
    [
      [0, 0, true, false],
      [2, 1, true, true],
      [3, 1, false, false],
      [4, 1, false, false],
    ],
  );
  assert.equal(rig.writer.counters.lostFragments, 1);
  assert.ok(!rig.news.some(({ type, info }) => type !== 'lost' && type !== 'received' && info.ordinal === 1));
});

test('a loss that is learned of late: the fragment being received says so, the next begins the run', async () => {
  const rig = new WriterRig();
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 1 ? 'io-error' : undefined);
  rig.log.isStalled = true;
  rig.write(camera(0, 2800));
  rig.log.flush();
  await rig.settle();
  assert.equal(rig.window.current?.info.gapBefore, true);
  rig.log.isStalled = false;
  rig.write(camera(2800, 4500));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, run, gapBefore }) => [ordinal, run, gapBefore]),
    [
      [0, 0, false],
      [2, 0, true],
      [3, 1, false],
      [4, 1, false],
    ],
  );
});

test('a fragment that lost a chunk is lost as a whole, once', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  rig.log.failure = ({ fragment, chunkIndex }) =>
    fragment.ordinal === 0 && chunkIndex === 1 ? 'disk-full' : undefined;
  for (let ms = 0; ms < 14_000; ms += 1000) {
    rig.write(
      ms === 0 ? gop(0, 1000) : gop(ms, ms + 1000).map((sample) => ({ ...sample, isSync: ms === 13_000 })),
    );
    await rig.settle();
  }
  await rig.writer.end();
  assert.equal(rig.news.filter(({ type }) => type === 'lost').length, 1);
  assert.equal(rig.log.chunks.filter(({ fragment }) => fragment.ordinal === 0).length, 1);
  const [after] = rig.log.fragments;
  assert.deepEqual([after?.ordinal, after?.gapBefore, after?.startsRun], [1, true, true]);
  assert.ok(rig.window.fragments.length === 0);
});

test('a stalled disk loses nothing, and what it has not got stays in memory', async () => {
  const rig = new WriterRig({ windowFragments: 2 });
  rig.log.isStalled = true;
  const media = camera(0, 20_000);
  rig.write(media);
  assert.equal(rig.window.fragments.length, 20);
  assert.ok(rig.writer.pendingBytes >= rig.log.pendingBytes);
  rig.log.isStalled = false;
  rig.log.flush();
  await rig.settle();
  assert.ok(rig.window.fragments.length < 10);
  await rig.writer.end();
  assert.equal(rig.stored().flat().length, media.length);
  assert.deepEqual(
    rig.news.filter(({ type }) => type === 'persisted').map(({ info }) => info.ordinal),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('the window is bounded, and empty between sessions', async () => {
  const rig = new WriterRig({ windowFragments: 3, windowBytes: 1_000_000 });
  for (let ms = 0; ms < 20_000; ms += 1000) {
    rig.write(camera(ms, ms + 1000));
    await rig.settle();
  }
  const kept = rig.window.fragments.map(({ info }) => info.ordinal);
  assert.deepEqual(kept, [16, 17, 18, 19], 'three complete fragments and the one being received');
  assert.ok(rig.window.sizeBytes > 0);
  await rig.writer.end();
  assert.deepEqual([rig.window.fragments.length, rig.window.sizeBytes, rig.window.isLive], [0, 0, false]);
  assert.equal(rig.window.nextOrdinal, 20);

  const small = new WriterRig({ windowBytes: 2000 });
  for (let ms = 0; ms < 20_000; ms += 1000) {
    small.write(camera(ms, ms + 1000));
    await small.settle();
  }
  assert.equal(small.window.fragments.filter(({ isComplete }) => isComplete).length, 2);
});

test('the next session goes on with ordinals, in a run of its own', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 1500));
  await rig.writer.end();
  rig.startSession();
  rig.write(camera(50_000, 51_500));
  await rig.writer.end();
  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, run, startsRun }) => [ordinal, run, startsRun]),
    [
      [0, 0, true],
      [1, 0, false],
      [2, 1, true],
      [3, 1, false],
    ],
  );
  assert.equal(new Set(rig.log.fragments.map(({ number }) => number)).size, 4);
});

test('ending twice, or without a sample, is fine; nothing is taken afterwards', async () => {
  const rig = new WriterRig();
  assert.equal(rig.writer.end(), rig.writer.end());
  await rig.writer.end();
  rig.write(camera(0, 1000));
  assert.equal(rig.window.fragments.length, 0);
  assert.deepEqual(rig.news, []);
});

test('listeners hear of samples, parts, fragments and the end', async () => {
  const rig = new WriterRig({}, [VIDEO]);
  const heard: string[] = [];
  const stop = rig.window.listen((change) => heard.push(`${change} ${rig.window.version}`));
  rig.write(gop(0, 1000));
  rig.write([sampleAt(VIDEO, 1000, { isSync: true })]);
  await rig.writer.end();
  stop();
  rig.startSession([VIDEO]);
  assert.deepEqual(
    heard.filter((line) => !line.startsWith('sample')),
    ['part 2', 'part 3', 'part 4', 'fragment 5', 'part 6', 'fragment 7', 'ended 8'],
  );
  assert.equal(heard.filter((line) => line.startsWith('sample')).length, 26);
});

test('rates are of the last seconds', () => {
  const rig = new WriterRig();
  rig.write(camera(0, 10_000));
  const { bitrateBps, videoFps } = rig.writer.rates(rig.nowMs);
  assert.equal(videoFps, 25);
  assert.equal(bitrateBps, (25 + 50) * 10 * 8);
  assert.deepEqual(rig.writer.rates(rig.nowMs + 60_000), { bitrateBps: 0, videoFps: 0 });
});
