import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../../../../fragments/log/byte-store.ts';
import type { RecordToAppend } from '../../../../../server/records/log/record.ts';
import { ALL, contentsOf, makeRecord, makeStore, readAll, START_MS } from './rig.ts';

test('records come back as they were put, in order, with ordinals that count on', async () => {
  const { store } = makeStore();
  const log = await store.open('events', 'shardId-000000000000');
  const records = Array.from({ length: 50 }, (_, number) => makeRecord(number, number * 37));
  const first = await log.append(records.slice(0, 20), START_MS);
  const second = await log.append(records.slice(20), START_MS + 5);
  assert.deepEqual(first, { firstOrdinal: 0, arrivalMs: START_MS });
  assert.deepEqual(second, { firstOrdinal: 20, arrivalMs: START_MS + 5 });
  const read = await readAll(log);
  assert.deepEqual(contentsOf(read), contentsOf(records));
  assert.deepEqual(
    read.map(({ ordinal }) => ordinal),
    records.map((_, index) => index),
  );
  await store.close();
});

test('a reader sees what is durable and nothing else, and is told when there is more', async () => {
  const { disk, store } = makeStore();
  const log = await store.open('events', 'a');
  const gate = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<void>();
  disk.onOperation = ({ kind, path }) => {
    if (kind !== 'sync' || !path.endsWith('.records')) return undefined;
    reached.resolve();
    return gate.promise;
  };
  let calls = 0;
  const stop = log.listen(() => calls++);
  const appended = log.append([makeRecord(1)], START_MS);
  await reached.promise;
  assert.deepEqual(await log.read(0, ALL), { records: [], nextOrdinal: 0 });
  assert.equal(calls, 0);
  gate.resolve(undefined);
  await appended;
  assert.equal(calls, 1);
  assert.equal((await log.read(0, ALL)).records.length, 1);
  stop();
  await log.append([makeRecord(2)], START_MS);
  assert.equal(calls, 1);
  await store.close();
});

test('reads keep to their limits, and the first record comes whatever its size', async () => {
  const { store } = makeStore();
  const log = await store.open('events', 'a');
  const records = Array.from({ length: 30 }, (_, number) => makeRecord(number, 1000));
  await log.append(records, START_MS);
  assert.equal((await log.read(0, { ...ALL, maxRecords: 4 })).records.length, 4);
  const few = await log.read(10, { ...ALL, maxBytes: 3500 });
  assert.deepEqual(
    few.records.map(({ ordinal }) => ordinal),
    [10, 11, 12],
  );
  assert.equal(few.nextOrdinal, 13);
  assert.equal((await log.read(5, { ...ALL, maxBytes: 1 })).records.length, 1);
  await store.close();
});

test('records up to 10 MiB pass, across blocks and files', async () => {
  const { store } = makeStore(undefined, { fileMaxBytes: 4 * 1024 * 1024 });
  const log = await store.open('events', 'a');
  const sizes = [10, 10 * 1024 * 1024, 300_000, 1, 5_000_000, 262_144, 0];
  const records = sizes.map((size, number) => makeRecord(number, size));
  for (const record of records) await log.append([record], START_MS);
  assert.deepEqual(contentsOf(await readAll(log)), contentsOf(records));
  await store.close();
});

test('a record that becomes durable while the beginning is looked for is not passed over', async () => {
  const { disk, store } = makeStore();
  const log = await store.open('events', 'a');
  const gate = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<void>();
  let appended: Promise<unknown> = Promise.resolve();
  disk.onOperation = async ({ kind, path }) => {
    if (kind === 'sync' && path.endsWith('.records')) {
      reached.resolve();
      return gate.promise;
    }
    if (kind !== 'read') return undefined;
    gate.resolve(undefined);
    await appended;
    return undefined;
  };
  appended = log.append([makeRecord(1), makeRecord(2)], START_MS);
  await reached.promise;
  assert.equal(await log.findByArrival(START_MS - 1000), 0);
  assert.equal(log.nextOrdinal, 2);
  await store.close();
});

test('the first record from an instant on is found, over files and equal times', async () => {
  const { store } = makeStore(undefined, { fileMaxBytes: 40_000 });
  const log = await store.open('events', 'a');
  const times: number[] = [];
  for (let number = 0; number < 600; number++) {
    const atMs = START_MS + Math.floor(number / 7) * 10;
    await log.append([makeRecord(number, 500)], atMs);
    times.push(atMs);
  }
  for (let atMs = START_MS - 5; atMs < START_MS + 900; atMs += 5) {
    const wanted = times.findIndex((time) => time >= atMs);
    assert.equal(await log.findByArrival(atMs), wanted < 0 ? times.length : wanted, `at ${atMs - START_MS}`);
  }
  await store.close();
});

test('arrival never falls, whatever the clock does', async () => {
  const { disk, store } = makeStore();
  const log = await store.open('events', 'a');
  await log.append([makeRecord(0)], START_MS);
  assert.equal((await log.append([makeRecord(1)], START_MS - 30_000)).arrivalMs, START_MS);
  await store.close();
  const again = await makeStore(disk).store.open('events', 'a');
  assert.equal((await again.append([makeRecord(2)], START_MS - 60_000)).arrivalMs, START_MS);
});

test('expired records are not read, whole files of them are deleted, and ordinals go on when none is left', async () => {
  const { disk, store } = makeStore(undefined, { fileMaxBytes: 5000 });
  const log = await store.open('events', 'a');
  for (let number = 0; number < 40; number++) await log.append([makeRecord(number, 400)], START_MS + number);
  const fresh = await log.read(0, { ...ALL, notBeforeMs: START_MS + 25 });
  assert.equal(fresh.records[0]?.ordinal, 25);
  const before = disk.paths.length;
  await log.deleteBefore(START_MS + 25);
  assert.ok(disk.paths.length < before);
  assert.ok(log.firstOrdinal > 0 && log.firstOrdinal <= 25);
  assert.equal((await log.read(0, { ...ALL, notBeforeMs: START_MS + 25 })).records.length, 15);
  await log.sealIfDue(START_MS + 4_000_000);
  await log.deleteBefore(START_MS + 1000);
  assert.deepEqual(await log.read(0, ALL), { records: [], nextOrdinal: 40 });
  await store.close();
  // Deleted names may come back after a power cut: readers pass expired records over all the same.
  assert.equal((await makeStore(disk.afterPowerCut()).store.open('events', 'a')).nextOrdinal, 40);
  const again = await makeStore(disk.afterKill()).store.open('events', 'a');
  assert.equal(again.nextOrdinal, 40);
  assert.equal((await again.append([makeRecord(40)], START_MS + 2000)).firstOrdinal, 40);
  assert.equal((await readAll(again)).length, 1);
});

test('a file cut at any byte: what is whole is there, nothing else appears', async () => {
  const { disk, store } = makeStore();
  const log = await store.open('events', 'a');
  const records = Array.from({ length: 6 }, (_, number) => makeRecord(number, number * 11));
  for (const record of records) await log.append([record], START_MS);
  const path = disk.paths.find((name) => name.endsWith('.records')) ?? '';
  const whole = Buffer.from(disk.bytesOf(path));
  const ends: number[] = [];
  for (let sizeBytes = 0; sizeBytes <= whole.length; sizeBytes++) {
    const cut = disk.afterKill();
    cut.put(path, whole.subarray(0, sizeBytes));
    const again = await makeStore(cut).store.open('events', 'a');
    const read = await readAll(again);
    assert.deepEqual(contentsOf(read), contentsOf(records.slice(0, read.length)));
    ends.push(read.length);
    const { firstOrdinal } = await again.append([makeRecord(99)], START_MS);
    assert.equal(firstOrdinal, read.length);
  }
  assert.equal(ends.at(-1), records.length);
  assert.deepEqual([...new Set(ends)], [0, 1, 2, 3, 4, 5, 6]);
});

test('any byte changed: that record is passed over and said, the others are there', async () => {
  const { disk, store } = makeStore(undefined, { fileMaxBytes: 200_000 });
  const log = await store.open('events', 'a');
  for (let number = 0; number < 400; number++) await log.append([makeRecord(number, 1000)], START_MS);
  await store.close();
  const path = disk.paths.find((name) => name.endsWith('.records')) ?? '';
  const whole = Buffer.from(disk.bytesOf(path));
  for (const at of [20, 500, 70_000, 150_001, 199_000]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    const copy = disk.afterKill();
    copy.put(path, damaged);
    const { store: again, events } = makeStore(copy);
    const read = await readAll(await again.open('events', 'a'));
    assert.ok(read.length >= 400 - 35 && read.length < 400, `${read.length} are left`);
    for (const record of read) {
      assert.deepEqual(contentsOf([record]), contentsOf([makeRecord(record.ordinal, 1000)]));
    }
    assert.ok(events.some(({ type }) => type === 'damaged'));
    await again.close();
  }
});

test('a lost or bad index costs a look at the file', async () => {
  const { disk, store } = makeStore(undefined, { fileMaxBytes: 100_000 });
  const log = await store.open('events', 'a');
  for (let number = 0; number < 500; number++) await log.append([makeRecord(number, 700)], START_MS + number);
  await store.close();
  const indexes = disk.paths.filter((name) => name.endsWith('.idx'));
  const copy = disk.afterKill();
  for (const [position, path] of indexes.entries()) {
    if (position % 2 === 0) copy.remove(path);
    else copy.put(path, Buffer.from('no index at all, but some bytes of it'));
  }
  const { store: again, events } = makeStore(copy);
  const reopened = await again.open('events', 'a');
  assert.equal((await readAll(reopened)).length, 500);
  assert.equal(await reopened.findByArrival(START_MS + 333), 333);
  assert.ok(events.some(({ type }) => type === 'rebuilt'));
});

test('a full disk refuses, loses nothing before, and goes on when there is space', async () => {
  const { disk, store } = makeStore();
  const log = await store.open('events', 'a');
  await log.append([makeRecord(0)], START_MS);
  disk.totalBytes = disk.usedBytes + 50;
  await assert.rejects(log.append([makeRecord(1)], START_MS), { code: 'disk-full' });
  disk.totalBytes = Number.POSITIVE_INFINITY;
  assert.equal((await log.append([makeRecord(2)], START_MS)).firstOrdinal, 1);
  assert.deepEqual(contentsOf(await readAll(log)), contentsOf([makeRecord(0), makeRecord(2)]));
  await store.close();
});

test('a failed sync rejects what it covered; later records are in a new file', async () => {
  const { disk, store, events } = makeStore();
  const log = await store.open('events', 'a');
  await log.append([makeRecord(0)], START_MS);
  disk.onOperation = ({ kind }) =>
    kind === 'sync' ? { error: new StoreError('io-error', 'a bad sector') } : undefined;
  await assert.rejects(log.append([makeRecord(1)], START_MS), { code: 'io-error' });
  disk.onOperation = () => undefined;
  const place = await log.append([makeRecord(2)], START_MS);
  assert.ok(place.firstOrdinal >= 1);
  assert.deepEqual(contentsOf(await readAll(log)), contentsOf([makeRecord(0), makeRecord(2)]));
  assert.ok(events.some(({ type }) => type === 'abandoned'));
  await store.close();
});

test('what does not fit into the backlog is refused', async () => {
  const { store } = makeStore(undefined, { shardBacklogBytes: 1000 });
  const log = await store.open('events', 'a');
  await assert.rejects(log.append([makeRecord(0, 2000)], START_MS), { code: 'backlog-full' });
  assert.equal(store.stats().backlogRefusals, 1);
  await log.append([makeRecord(1, 500)], START_MS);
  await store.close();
});

test('a power cut at any time loses no record whose append had resolved, and doubles none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 3000 })), {
        minLength: 1,
        maxLength: 25,
      }),
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (batches, cutAfterOperations, keptShare) => {
        const { disk, store } = makeStore(undefined, { fileMaxBytes: 6000 });
        const log = await store.open('events', 'a');
        let operations = 0;
        const cut = Promise.withResolvers<void>();
        const never = new Promise<undefined>(() => {});
        disk.onOperation = () => {
          operations++;
          if (operations < cutAfterOperations) return undefined;
          cut.resolve();
          return never;
        };
        const put: RecordToAppend[] = [];
        let acknowledged = 0;
        const all = Promise.all(
          batches.map(async ([count, dataBytes]) => {
            const records = Array.from({ length: count }, () => makeRecord(put.length, dataBytes));
            put.push(...records);
            const place = await log.append(records, START_MS);
            acknowledged = Math.max(acknowledged, place.firstOrdinal + count);
          }),
        );
        await Promise.race([all, cut.promise]);
        const after = disk.afterPowerCut((unsynced) => Math.floor(unsynced * keptShare));
        const again = await makeStore(after).store.open('events', 'a');
        const read = await readAll(again);
        assert.ok(read.length >= acknowledged, `${read.length} of ${acknowledged} acknowledged`);
        assert.deepEqual(contentsOf(read), contentsOf(put.slice(0, read.length)));
        assert.deepEqual(
          read.map(({ ordinal }) => ordinal),
          read.map((_, index) => index),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('a stream that is deleted is gone from the disk', async () => {
  const { disk, store } = makeStore();
  for (const shard of ['a', 'b']) await (await store.open('events', shard)).append([makeRecord(1)], START_MS);
  await (await store.open('events-2', 'a')).append([makeRecord(1)], START_MS);
  await store.deleteStream('events');
  assert.deepEqual(await store.listStreams(), ['events-2']);
  assert.equal((await store.open('events', 'a')).nextOrdinal, 0);
  assert.ok(disk.paths.every((path) => path.startsWith('records/events-2/')));
  await store.close();
});
