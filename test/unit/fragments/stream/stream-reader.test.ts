import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../../../fragments/media/track.ts';
import {
  FragmentReader,
  livePosition,
  positionOf,
  type ReadBatch,
  type ReadOptions,
  readSamples,
} from '../../../../fragments/stream/stream-reader.ts';
import { camera, NOW_MS, sampleAt, VIDEO } from './media.ts';
import { WriterRig } from './writer-rig.ts';

const START = { ordinal: 0, sampleIndex: 0 };
const TO_EDGE: ReadOptions = { until: 'edge' };

async function readAll(rig: WriterRig, from = START, options = TO_EDGE): Promise<ReadBatch[]> {
  return collect(readSamples(rig, from, options));
}

async function collect(reader: AsyncIterable<ReadBatch>): Promise<ReadBatch[]> {
  const batches: ReadBatch[] = [];
  for await (const batch of reader) batches.push(batch);
  return batches;
}

function times(samples: readonly Sample[]): number[][] {
  return samples.map(({ trackId, dtsTicks }) => [trackId, dtsTicks]);
}

test('reads from the log, then from the window, and follows it', async () => {
  const rig = new WriterRig();
  const media = camera(0, 20_000);
  rig.write(media.slice(0, -100));
  await rig.settle();
  assert.ok((rig.window.fragments[0]?.info.ordinal ?? 0) > 0, 'the start has left the window');

  const read: Sample[] = [];
  const reader = readSamples(rig, START, { until: 'session-end' });
  let hasMore = true;
  for await (const batch of reader) {
    read.push(...batch.samples);
    const isAtEdge = batch.next.ordinal === rig.window.current?.info.ordinal;
    if (!isAtEdge || !hasMore) continue;
    hasMore = false;
    rig.write(media.slice(-100));
    void rig.writer.end();
  }
  assert.deepEqual(times(read), times(media));
  assert.ok(rig.log.opens > 0);
});

test('the position of a batch is where another reader goes on', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 2500));
  const all = await readAll(rig);
  const last = all.at(-1);
  assert.ok(last);
  rig.write(camera(2500, 2700));
  const more = await readAll(rig, last.next);
  await rig.writer.end();
  const again = await readAll(rig);
  assert.deepEqual(
    times([...all, ...more].flatMap(({ samples }) => samples)).slice(0, 80),
    times(again.flatMap(({ samples }) => samples)).slice(0, 80),
  );
  assert.equal(more[0]?.startsFragment, true, 'a new reader sees each fragment begin');
});

test('a fragment that leaves the window while it is read is read to its end', async () => {
  const rig = new WriterRig({ windowFragments: 1, windowBytes: 1 });
  const media = camera(0, 6000);
  rig.write(media.slice(0, 30));
  const reader = readSamples(rig, START, { until: 'session-end' });
  const first = await reader.next();
  assert.ok(!first.done);
  rig.write(media.slice(30));
  await rig.writer.end();
  assert.equal(rig.window.fragments.length, 0);
  const rest = await collect(reader);
  assert.deepEqual(times([first.value, ...rest].flatMap(({ samples }) => samples)), times(media));
});

test('lost fragments are passed over and told', async () => {
  const rig = new WriterRig();
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 1 ? 'disk-full' : undefined);
  rig.write(camera(0, 2100));
  await rig.settle();
  rig.write(camera(2100, 3500));
  await rig.writer.end();
  const batches = await readAll(rig);
  assert.deepEqual(
    batches.map(({ fragment, isDiscontinuous }) => [fragment.ordinal, isDiscontinuous]),
    [
      [0, false],
      [2, true],
      [3, false],
    ],
  );
});

test('an aborted reader ends, also while it waits at the live edge', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 1000));
  const abort = new AbortController();
  const reader = readSamples(rig, livePosition(rig.window), { until: 'abort', signal: abort.signal });
  assert.ok(!(await reader.next()).done);
  const waiting = reader.next();
  abort.abort();
  assert.ok((await waiting).done);
});

test('a reader at the edge of a stream without a publisher waits for the next session', async () => {
  const rig = new WriterRig();
  await rig.writer.end();
  assert.deepEqual(await readAll(rig, livePosition(rig.window), { until: 'session-end' }), []);
  const waiting = readSamples(rig, livePosition(rig.window), { until: 'abort' }).next();
  rig.startSession();
  rig.write(camera(0, 500));
  const batch = (await waiting).value as ReadBatch;
  assert.equal(batch.fragment.ordinal, 0);
});

test('a decoder change is a discontinuity with new tracks', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 1000));
  const bigger = { ...VIDEO, width: 1280, height: 720 };
  rig.writer.setTracks([bigger]);
  rig.write([sampleAt(bigger, 1000, { isSync: true }), sampleAt(bigger, 1040)]);
  await rig.writer.end();
  const batches = await readAll(rig);
  assert.deepEqual(
    batches.map(({ isDiscontinuous, tracks }) => [isDiscontinuous, tracks[0]?.width]),
    [
      [false, 640],
      [true, 1280],
    ],
  );
});

test('a selector finds where to start', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 3500));
  await rig.writer.end();
  assert.deepEqual(await positionOf(rig.log, { by: 'producerMs', atMs: NOW_MS + 1500 }), {
    ordinal: 1,
    sampleIndex: 0,
  });
  assert.equal(await positionOf(rig.log, { by: 'producerMs', atMs: NOW_MS + 1e9 }), undefined);
});

test('a reader that wants to know is told when the fragment being received is complete', async () => {
  const rig = new WriterRig();
  const media = camera(0, 1500);
  const second = media.findIndex(
    ({ dtsTicks, isSync, trackId }) => trackId === VIDEO.id && isSync && dtsTicks > 0,
  );
  rig.write(media.slice(0, second));
  const reader = readSamples(rig, START, { until: 'abort', tellEnds: true });
  const ends: boolean[] = [];
  const next = async () => {
    const batch = (await reader.next()).value as ReadBatch;
    ends.push(batch.endsFragment);
    return batch;
  };
  const received = await next();
  assert.equal(received.live, rig.window.current);
  assert.equal(received.init, rig.window.current?.init);
  rig.write(media.slice(second));
  let last = await next();
  while (!last.endsFragment) last = await next();
  assert.equal(last.fragment.ordinal, 0);
  assert.deepEqual(last.next, { ordinal: 1, sampleIndex: 0 });
  assert.equal((await next()).startsFragment, true);
  await reader.return();
});

test('complete fragments are read one by one, from the window, from the log, and not at all when deleted', async () => {
  const rig = new WriterRig({ windowFragments: 1 });
  const media = camera(0, 6000);
  rig.write(media);
  await rig.settle();
  const reader = new FragmentReader(rig);
  const infos = rig.log.fragments;
  const newest = rig.window.fragments.findLast(({ isComplete }) => isComplete);
  assert.ok(newest !== undefined && rig.window.byOrdinal(0) === undefined);
  const read = async (ordinal: number) => {
    const info = infos.find((each) => each.ordinal === ordinal);
    assert.ok(info);
    return reader.read(info);
  };
  assert.equal((await read(newest.info.ordinal))?.live, newest);
  for (const ordinal of [2, 0, 1]) {
    const batch = await read(ordinal);
    assert.deepEqual([batch?.fragment.ordinal, batch?.live, batch?.endsFragment], [ordinal, undefined, true]);
    assert.deepEqual(times(batch?.samples ?? []), times(media.slice(ordinal * 75, (ordinal + 1) * 75)));
  }
  rig.log.chunks.splice(0, 1);
  assert.equal(await read(0), undefined);
});
