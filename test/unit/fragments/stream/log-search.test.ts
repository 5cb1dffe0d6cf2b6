import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FragmentInfo, fragmentDurationMs } from '../../../../fragments/stream/fragment.ts';
import type { RecordedRange } from '../../../../fragments/stream/fragment-log.ts';
import { ChunkMaker, LogRig, listAll } from './support/log-rig.ts';

/** What happens between two fragments of a made-up camera. */
type Event = 'go on' | 'reconnect' | 'clock back' | 'clock far ahead' | 'pause' | 'lost';

const scripts = fc.array(
  fc.constantFrom<Event>(
    'go on',
    'go on',
    'go on',
    'go on',
    'reconnect',
    'clock back',
    'clock far ahead',
    'pause',
    'lost',
  ),
  { minLength: 1, maxLength: 40 },
);

async function record(script: readonly Event[], isReopened: boolean) {
  const rig = new LogRig({ fileMaxMs: 9000, indexCacheBytes: 2000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  for (const event of script) {
    if (event !== 'go on' && event !== 'pause') maker.startRun();
    if (event === 'clock back') maker.producerOffsetMs -= 17_000.5;
    if (event === 'clock far ahead') maker.producerOffsetMs += 1e12 / 3;
    if (event === 'pause') maker.serverMs += 5500;
    if (event === 'lost') maker.fragment();
    await rig.write(log, maker, 1);
  }
  const infos = await listAll(log);
  if (!isReopened) return { log, infos };
  await log.close();
  return { log: await new LogRig({ disk: rig.disk, indexCacheBytes: 2000 }).open(), infos };
}

function covers(info: FragmentInfo, startMs: number, atMs: number): boolean {
  return startMs <= atMs && atMs < startMs + fragmentDurationMs(info);
}

function naiveFind(
  infos: readonly FragmentInfo[],
  clock: 'server' | 'producer',
  atMs: number,
): number | undefined {
  const startOf = (info: FragmentInfo): number => (clock === 'server' ? info.serverMs : info.producerMs);
  const covering = infos.findLast((info) => covers(info, startOf(info), atMs));
  const after = infos
    .filter((info) => startOf(info) > atMs)
    .reduce<FragmentInfo | undefined>(
      (best, info) => (best && startOf(best) <= startOf(info) ? best : info),
      undefined,
    );
  return (covering ?? after)?.ordinal;
}

function naiveRanges(
  infos: readonly FragmentInfo[],
  clock: 'server' | 'producer',
  fromMs: number,
  toMs: number,
): Omit<RecordedRange, 'sizeBytes'>[] {
  const ranges: { startMs: number; endMs: number; run: number; fragments: number; last: number }[] = [];
  for (const info of infos) {
    const startMs = clock === 'server' ? info.serverMs : info.producerMs;
    const endMs = startMs + fragmentDurationMs(info);
    if (startMs >= toMs || endMs <= fromMs) continue;
    const range = ranges.at(-1);
    if (range === undefined || range.run !== info.run || range.last + 1 !== info.ordinal) {
      ranges.push({ startMs, endMs, run: info.run, fragments: 1, last: info.ordinal });
      continue;
    }
    range.startMs = Math.min(range.startMs, startMs);
    range.endMs = Math.max(range.endMs, endMs);
    range.fragments++;
    range.last = info.ordinal;
  }
  return ranges
    .map(({ startMs, endMs, run, fragments }) => ({
      startMs: Math.max(startMs, fromMs),
      endMs: Math.min(endMs, toMs),
      run,
      fragments,
    }))
    .sort((left, right) => left.startMs - right.startMs);
}

test('find answers what a search through all fragments would, by every clock and over any history', async () => {
  await fc.assert(
    fc.asyncProperty(
      scripts,
      fc.boolean(),
      fc.array(fc.nat(200_000), { maxLength: 12 }),
      async (script, isReopened, offsets) => {
        const { log, infos } = await record(script, isReopened);
        for (const info of infos) {
          assert.deepEqual(await log.find({ by: 'number', number: info.number }), info);
          assert.deepEqual(await log.find({ by: 'ordinal', ordinal: info.ordinal }), info);
        }
        const instants = infos.flatMap(({ serverMs, producerMs }) => [
          serverMs,
          serverMs - 1,
          producerMs,
          producerMs - 0.5,
        ]);
        for (const offset of offsets) instants.push(new ChunkMaker().serverMs - 50_000 + offset);
        for (const atMs of instants) {
          const byServer = await log.find({ by: 'serverMs', atMs });
          assert.equal(byServer?.ordinal, naiveFind(infos, 'server', atMs), `server ${atMs}`);
          const byProducer = await log.find({ by: 'producerMs', atMs });
          const expected = naiveFind(infos, 'producer', atMs);
          const expectedMs = infos.find(({ ordinal }) => ordinal === expected)?.producerMs;
          // of several that begin together any will do
          assert.equal(byProducer?.producerMs, expectedMs, `producer ${atMs}`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('startingIn answers what starts in a range by either clock, ends included, over any history', async () => {
  await fc.assert(
    fc.asyncProperty(
      scripts,
      fc.boolean(),
      fc.constantFrom('server' as const, 'producer' as const),
      fc.tuple(fc.nat(60), fc.nat(60)),
      fc.tuple(fc.nat(50), fc.nat(50)),
      async (script, isReopened, clock, [first, last], [fromOrdinal, limit]) => {
        const { log, infos } = await record(script, isReopened);
        const startOf = (info: FragmentInfo): number =>
          clock === 'server' ? info.serverMs : info.producerMs;
        const [one, other] = [infos[first % infos.length], infos[last % infos.length]];
        assert.ok(one !== undefined && other !== undefined);
        const fromMs = Math.min(startOf(one), startOf(other));
        const toMs = Math.max(startOf(one), startOf(other));
        const expected = infos.filter((info) => startOf(info) >= fromMs && startOf(info) <= toMs);
        assert.deepEqual(await log.startingIn(clock, { fromMs, toMs }, 0, 1000), expected);
        const onwards = expected.filter(({ ordinal }) => ordinal >= fromOrdinal).slice(0, limit);
        assert.deepEqual(await log.startingIn(clock, { fromMs, toMs }, fromOrdinal, limit), onwards);
      },
    ),
    { numRuns: 60 },
  );
});

test('list begins anywhere, stops anywhere, and passes over ordinals that are not there', async () => {
  await fc.assert(
    fc.asyncProperty(
      scripts,
      fc.boolean(),
      fc.nat(50),
      fc.nat(50),
      async (script, isReopened, from, limit) => {
        const { log, infos } = await record(script, isReopened);
        const expected = infos.filter(({ ordinal }) => ordinal >= from).slice(0, limit);
        assert.deepEqual(await log.list(from, limit), expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('ranges answer what a walk through all fragments would', async () => {
  await fc.assert(
    fc.asyncProperty(
      scripts,
      fc.boolean(),
      fc.constantFrom('server' as const, 'producer' as const),
      fc.nat(120_000),
      fc.nat(120_000),
      async (script, isReopened, clock, start, length) => {
        const { log, infos } = await record(script, isReopened);
        const fromMs = new ChunkMaker().serverMs - 20_000 + start;
        for (const [from, to] of [
          [fromMs, fromMs + length],
          [0, 9e12],
        ] as const) {
          const ranges = await log.ranges(clock, from, to);
          const facts = ranges.map(({ startMs, endMs, run, fragments }) => ({
            startMs,
            endMs,
            run,
            fragments,
          }));
          const expected = naiveRanges(infos, clock, from, to);
          assert.deepEqual(facts, expected);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('ranges over a month of whole files read the manifest, not the indexes', async () => {
  const rig = new LogRig({ fileMaxMs: 10_000, indexCacheBytes: 0 });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 500);
  await log.close();
  const again = new LogRig({ disk: rig.disk });
  const opened = await again.open();
  const reads: string[] = [];
  rig.disk.onOperation = ({ kind, path }) => {
    if (kind === 'read') reads.push(path);
    return undefined;
  };
  const [range, ...others] = await opened.ranges('server', 0, 9e12);
  assert.deepEqual(others, []);
  assert.equal(range?.fragments, 500);
  assert.equal(range?.endMs, (range?.startMs ?? 0) + 1_000_000);
  assert.deepEqual(new Set(reads), new Set(['streams/cam/manifest']));
});

test('files that retention deletes while they are looked into are passed over', async () => {
  const rig = new LogRig({ fileMaxMs: 4000, indexCacheBytes: 0 });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 40);
  const indexes: string[] = [];
  let deleting: Promise<number> | undefined;
  rig.disk.onOperation = ({ kind, path }) => {
    if (kind === 'read' && path.endsWith('.idx')) {
      indexes.push(path);
      if (indexes.length === 3) deleting = log.deleteOldest().then(() => log.deleteOldest());
    }
    return undefined;
  };
  const infos = await listAll(log);
  await deleting;
  const ordinals = infos.map(({ ordinal }) => ordinal);
  assert.deepEqual(
    ordinals,
    [...ordinals].sort((left, right) => left - right),
  );
  assert.equal(new Set(ordinals).size, ordinals.length);
  assert.equal(ordinals.at(-1), 39);
  assert.ok(ordinals.length >= 34);
});
