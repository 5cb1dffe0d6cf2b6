import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MatroskaEvent } from '../../../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../../../fragments/matroska/matroska-reader.ts';
import type { Sample } from '../../../../../fragments/media/track.ts';
import { LogReadError } from '../../../../../fragments/stream/fragment-log.ts';
import type { ReadSource } from '../../../../../fragments/stream/stream-reader.ts';
import type { MediaPiece } from '../../../../../server/playback/matroska/media-renderer.ts';
import { readFragmentList, readMedia } from '../../../../../server/playback/matroska/read-media.ts';
import { AUDIO, camera, NOW_MS, sampleAt, VIDEO } from '../../../fragments/stream/media.ts';
import { WriterRig } from '../../../fragments/stream/writer-rig.ts';

const START = { ordinal: 0, sampleIndex: 0 };

/** What a consumer of a rig's media has got so far. */
class Consumer {
  readonly pieces: MediaPiece[] = [];
  readonly #abort = new AbortController();
  readonly #media: AsyncGenerator<MediaPiece>;

  constructor(rig: WriterRig, from = START, source: ReadSource = rig) {
    this.#media = readMedia(source, from, {
      longestFragmentMs: 20_000,
      now: () => rig.nowMs,
      signal: this.#abort.signal,
    });
  }

  /** The next pieces up to and with the one that ends `fragments` fragments. */
  async take(fragments: number): Promise<void> {
    for (let ended = 0; ended < fragments; ) {
      const next = await this.#media.next();
      assert.ok(!next.done, 'media go on');
      this.pieces.push(next.value);
      if (next.value.ends !== undefined) ended++;
    }
  }

  async one(): Promise<MediaPiece> {
    const next = await this.#media.next();
    assert.ok(!next.done, 'media go on');
    this.pieces.push(next.value);
    return next.value;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    assert.ok((await this.#media.next()).done);
  }
}

function bytesOf(pieces: readonly MediaPiece[]): Buffer {
  return Buffer.concat(pieces.flatMap((each) => each.pieces as Uint8Array[]));
}

function eventsOf(bytes: Uint8Array): MatroskaEvent[] {
  return [...new MatroskaReader().push(bytes)];
}

/** Tags by their position, names without the prefix. */
function tagsOf(bytes: Uint8Array): { position: string; tags: Record<string, string> }[] {
  return eventsOf(bytes).flatMap((event) => {
    if (event.type !== 'tags') return [];
    const named = event.tags.map(({ name, value }) => [name.replace('AWS_KINESISVIDEO_', ''), value]);
    return [{ position: event.position, tags: Object.fromEntries(named) as Record<string, string> }];
  });
}

function framesOf(bytes: Uint8Array): { track: number; ms: number; isKey: boolean; data: string }[] {
  return eventsOf(bytes).flatMap((event) => {
    if (event.type !== 'frame') return [];
    const { trackNumber, timecode, isKey, data } = event;
    return [{ track: trackNumber, ms: timecode, isKey, data: Buffer.from(data).toString('hex') }];
  });
}

function framesOfSamples(samples: readonly Sample[]): ReturnType<typeof framesOf> {
  return samples.map(({ trackId, dtsTicks, compositionOffsetTicks, isSync, data }) => ({
    track: trackId,
    ms: Math.round((dtsTicks + compositionOffsetTicks) / 90),
    isKey: isSync,
    data: Buffer.from(data).toString('hex'),
  }));
}

test('a fragment is header, tags, cluster, tags', async () => {
  const rig = new WriterRig();
  const media = camera(0, 2000);
  rig.write(media);
  await rig.writer.end();
  rig.nowMs = NOW_MS + 15_858;
  const consumer = new Consumer(rig);
  await consumer.take(2);
  await consumer.stop();
  const [first, second] = rig.log.fragments;
  const bytes = bytesOf(consumer.pieces);
  assert.deepEqual(
    eventsOf(bytes)
      .map(({ type }) => type)
      .filter((type, index, all) => type !== 'frame' || all[index - 1] !== 'frame'),
    Array.from({ length: 2 }, () => [
      'document',
      'tags',
      'header',
      'cluster-begins',
      'cluster',
      'frame',
      'cluster-ends',
      'tags',
    ]).flat(),
  );
  const seconds = NOW_MS / 1000;
  assert.deepEqual(tagsOf(bytes), [
    {
      position: 'before-cluster',
      tags: {
        FRAGMENT_NUMBER: first?.number,
        SERVER_TIMESTAMP: seconds.toFixed(3),
        PRODUCER_TIMESTAMP: seconds.toFixed(3),
      },
    },
    {
      position: 'after-cluster',
      tags: { MILLIS_BEHIND_NOW: '15858', CONTINUATION_TOKEN: first?.number },
    },
    {
      position: 'before-cluster',
      tags: {
        FRAGMENT_NUMBER: second?.number,
        SERVER_TIMESTAMP: (seconds + 1).toFixed(3),
        PRODUCER_TIMESTAMP: (seconds + 1).toFixed(3),
      },
    },
    {
      position: 'after-cluster',
      tags: { MILLIS_BEHIND_NOW: '14858', CONTINUATION_TOKEN: second?.number },
    },
  ]);
  assert.deepEqual(framesOf(bytes), framesOfSamples(media));
});

test('frames of the fragment being received come one by one, its end as soon as it is known', async () => {
  const rig = new WriterRig();
  rig.startSession([VIDEO]);
  const [key, ...rest] = camera(0, 1000).filter(({ trackId }) => trackId === VIDEO.id);
  assert.ok(key);
  rig.write([key], [VIDEO]);
  const consumer = new Consumer(rig);
  // A sample is seen when the next one tells how long it lasts.
  let seen: Sample = key;
  for (const sample of rest) {
    rig.write([sample], [VIDEO]);
    const piece = await consumer.one();
    assert.deepEqual([piece.frames, piece.ends], [1, undefined]);
    assert.deepEqual(framesOf(bytesOf(consumer.pieces)).at(-1), framesOfSamples([seen])[0]);
    seen = sample;
  }
  rig.write([sampleAt(VIDEO, 1000, { isSync: true }), sampleAt(VIDEO, 1040)], [VIDEO]);
  const end = await consumer.one();
  assert.deepEqual([end.frames, end.ends?.info.ordinal], [1, 0]);
  assert.equal(framesOf(bytesOf(consumer.pieces)).length, 25);
  await consumer.stop();
  assert.deepEqual(
    tagsOf(bytesOf(consumer.pieces)).map(({ position }) => position),
    ['before-cluster', 'after-cluster'],
  );
});

test('a fragment that ends after all its frames were sent is ended then', async () => {
  const rig = new WriterRig();
  const consumer = new Consumer(rig);
  rig.write(camera(0, 500));
  await consumer.one();
  const ending = rig.writer.end();
  const last = await consumer.one();
  assert.ok(last.ends !== undefined);
  await ending;
  await consumer.stop();
});

test('live, from memory and from the log a fragment has the same frames', async () => {
  const rig = new WriterRig({ windowFragments: 2 });
  const media = camera(0, 1000).map((sample) =>
    sample.trackId === VIDEO.id ? { ...sample, compositionOffsetTicks: 80 * 90 } : sample,
  );
  const live = new Consumer(rig);
  const following = live.take(1);
  for (const sample of [...media, ...camera(1000, 1100)]) {
    rig.write([sample]);
    await rig.settle();
  }
  await following;
  const fromWindow = new Consumer(rig);
  await fromWindow.take(1);
  rig.write(camera(1100, 5000));
  await rig.settle();
  assert.equal(rig.window.byOrdinal(0), undefined);
  const fromLog = new Consumer(rig);
  await fromLog.take(1);
  const expected = framesOfSamples(media);
  for (const consumer of [live, fromWindow, fromLog]) {
    assert.deepEqual(framesOf(bytesOf(consumer.pieces)), expected);
    await consumer.stop();
  }
});

test('the header is the same bytes for each fragment of an init segment', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 3000));
  await rig.writer.end();
  const consumer = new Consumer(rig);
  await consumer.take(3);
  await consumer.stop();
  const heads = consumer.pieces.map((piece) => {
    const header = eventsOf(bytesOf([piece])).find((event) => event.type === 'header');
    return Buffer.from(header?.header ?? []).toString('hex');
  });
  assert.equal(new Set(heads).size, 1);
});

test('fragment numbers grow, over sessions and pauses of the producer', async () => {
  const rig = new WriterRig();
  const consumer = new Consumer(rig);
  const following = consumer.take(4);
  rig.write(camera(0, 2000));
  await rig.writer.end();
  rig.startSession();
  rig.nowMs += 60_000;
  rig.write(camera(0, 2000));
  await rig.writer.end();
  await following;
  await consumer.stop();
  const numbers = tagsOf(bytesOf(consumer.pieces)).flatMap(({ tags }) => tags.FRAGMENT_NUMBER ?? []);
  assert.equal(numbers.length, 4);
  assert.deepEqual(numbers, [...new Set(numbers)].sort());
});

test('a fragment longer than 32 s has ticks in which its blocks fit', async () => {
  const rig = new WriterRig({ maxFragmentMs: 100_000 });
  const media = [0, 30_000, 60_000].map((ms) => sampleAt(AUDIO, ms));
  rig.startSession([AUDIO]);
  rig.writer.write(media[0] as Sample, NOW_MS);
  await rig.writer.end();
  const { log } = rig;
  const long = log.fragments[0];
  assert.ok(long);
  const samples = media.map((sample) => ({ ...sample, durationTicks: 30_000 * 90 }));
  const window = {
    ...rig.window,
    fragments: [],
    nextOrdinal: 1,
    byOrdinal: (ordinal: number) =>
      ordinal === 0
        ? {
            info: { ...long, durationTicks: 90_000 * 90, timescale: 90_000 },
            init: log.chunks[0]?.init,
            tracks: [AUDIO],
            parts: [],
            samples,
            tags: [],
            isComplete: true,
            segment: [],
          }
        : undefined,
    listen: () => () => {},
  } as unknown as ReadSource['window'];
  const consumer = new Consumer(rig, START, { log, window });
  await consumer.take(1);
  const bytes = bytesOf(consumer.pieces);
  const header = eventsOf(bytes).find((event) => event.type === 'header');
  assert.equal(header?.timecodeScaleNs, 3_000_000);
  assert.deepEqual(
    framesOf(bytes).map(({ ms }) => ms * 3),
    [0, 30_000, 60_000],
  );
});

test('a consumer that lags behind the retention goes on with the oldest that is kept', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 10_000));
  await rig.writer.end();
  const consumer = new Consumer(rig);
  await consumer.take(2);
  const oldest = rig.log.chunks[6]?.fragment.ordinal;
  rig.log.chunks.splice(0, 6);
  await consumer.take(1);
  assert.equal(consumer.pieces.at(-1)?.ends?.info.ordinal, oldest);
  await consumer.stop();
});

/** A log whose fragment 1 cannot be read. */
function damaged(rig: WriterRig, code: 'damaged' | 'gone'): ReadSource {
  const { log, window } = rig;
  const proxy = new Proxy(log, {
    get(target, name) {
      if (name === 'tags') {
        return async (ordinal: number) => {
          if (ordinal === 1) throw new LogReadError(code, 'as the test wants it');
          return target.tags(ordinal);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { log: proxy, window };
}

test('a fragment that cannot be read is told in the media, and passed over', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 3000));
  await rig.writer.end();
  const consumer = new Consumer(rig, START, damaged(rig, 'damaged'));
  await consumer.take(3);
  await consumer.stop();
  const bad = rig.log.fragments[1];
  assert.deepEqual(
    consumer.pieces.map(({ ends }) => [ends?.info.ordinal, ends?.isReadable]),
    [
      [0, true],
      [1, false],
      [2, true],
    ],
  );
  const told = tagsOf(bytesOf(consumer.pieces))[2]?.tags;
  assert.deepEqual(told, { FRAGMENT_NUMBER: bad?.number, ERROR_CODE: 'INTERNAL_ERROR', ERROR_ID: '5000' });
});

test('a list of fragments comes in the order asked for, with the tags of both operations', async () => {
  const rig = new WriterRig();
  const media = camera(0, 3000);
  rig.write(media);
  await rig.writer.end();
  const [first, second, third] = rig.log.fragments;
  assert.ok(first && second && third);
  const pieces: MediaPiece[] = [];
  const options = { longestFragmentMs: 20_000, now: () => rig.nowMs, signal: new AbortController().signal };
  for await (const piece of readFragmentList(rig, [third, first, third], options)) pieces.push(piece);
  const bytes = bytesOf(pieces);
  const told = tagsOf(bytes);
  assert.deepEqual(
    told.map(({ tags }) => tags.FRAGMENT_NUMBER),
    [third.number, first.number, third.number],
  );
  assert.deepEqual(told[1]?.tags, {
    FRAGMENT_NUMBER: first.number,
    SERVER_TIMESTAMP: (NOW_MS / 1000).toFixed(3),
    PRODUCER_TIMESTAMP: (NOW_MS / 1000).toFixed(3),
    SERVER_SIDE_TIMESTAMP: (NOW_MS / 1000).toFixed(3),
    PRODUCER_SIDE_TIMESTAMP: (NOW_MS / 1000).toFixed(3),
  });
  assert.equal(framesOf(bytes).length, (media.length / 3) * 3);
});

for (const [code, id] of [
  ['gone', '4000'],
  ['damaged', '5000'],
] as const) {
  test(`a listed fragment that is ${code} by the time it is read is told in the media`, async () => {
    const rig = new WriterRig();
    rig.write(camera(0, 3000));
    await rig.writer.end();
    const pieces: MediaPiece[] = [];
    const options = { longestFragmentMs: 20_000, now: () => rig.nowMs, signal: new AbortController().signal };
    for await (const piece of readFragmentList(damaged(rig, code), rig.log.fragments, options))
      pieces.push(piece);
    const told = tagsOf(bytesOf(pieces)).map(({ tags }) => tags);
    assert.equal(told.length, 3);
    assert.equal(told[1]?.ERROR_ID, id);
    assert.ok(told[1]?.EXCEPTION_MESSAGE && told[1].EXCEPTION_ERROR_CODE);
    assert.ok(told[2]?.SERVER_SIDE_TIMESTAMP);
  });
}
