import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../fragments/log/clock.ts';
import { SyncGroup } from '../../../../fragments/log/sync-group.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { DataStreams, type DataStreamsEvent } from '../../../../server/records/data-streams.ts';
import { equalRanges, hashKeyOf, isIn, MAX_HASH_KEY } from '../../../../server/records/hash-key.ts';
import { RecordStore } from '../../../../server/records/log/record-store.ts';
import {
  RecordError,
  type RecordService,
  type SequencedRecord,
} from '../../../../server/records/record-service.ts';
import { compareSequenceNumbers } from '../../../../server/records/sequence-number.ts';
import { MemoryStore } from '../../fragments/log/support/memory-store.ts';

const START_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

/** Data streams on a disk in memory and a real catalog; `again` opens both anew as after a crash. */
function rig(t: TestContext, options: { readonly enforceLimits?: boolean } = { enforceLimits: false }) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-records-'));
  const events: DataStreamsEvent[] = [];
  const catalogs: SqliteCatalog[] = [];
  const open = (disk: MemoryStore) => {
    const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
    catalogs.push(catalog);
    const syncGroup = new SyncGroup({ policy: 'fragment', intervalMs: 100, clock: systemClock });
    const store = new RecordStore({ store: disk, syncGroup, fileMaxBytes: 20_000 });
    const streams = new DataStreams({
      catalog: catalog.records,
      store,
      onEvent: (event) => events.push(event),
      ...options,
    });
    return { streams, disk, catalog };
  };
  t.after(() => {
    for (const catalog of catalogs) catalog.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { ...open(new MemoryStore()), events, again: (disk: MemoryStore) => open(disk) };
}

const LIMITS = { maxRecords: 100, maxBytes: 10_000_000 };

/** All records of a shard from its beginning. */
async function drain(streams: RecordService, name: string, shardId: string, nowMs: number) {
  const records: SequencedRecord[] = [];
  let position = await streams.position(name, shardId, { type: 'TRIM_HORIZON' }, nowMs);
  for (;;) {
    const read = await streams.read(name, position, LIMITS, nowMs);
    records.push(...read.records);
    position = read.next;
    if (read.isAtEnd || read.behindLatestMs === 0) return { records, read };
  }
}

const record = (key: string, text: string) => ({ partitionKey: key, data: Buffer.from(text) });

test('records go to the shard of their key and come back in order, with growing sequence numbers', async (t) => {
  const { streams } = rig(t);
  streams.create('events', { mode: 'PROVISIONED', shardCount: 4 }, START_MS);
  const puts = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      streams.put('events', record(`key-${n % 17}`, String(n)), START_MS + n),
    ),
  );
  const shards = streams.stream('events')?.shards ?? [];
  assert.equal(shards.length, 4);
  let count = 0;
  for (const shard of shards) {
    const { records } = await drain(streams, 'events', shard.id, START_MS + 1000);
    count += records.length;
    for (const [index, each] of records.entries()) {
      assert.ok(isIn(shard.range, hashKeyOf(each.partitionKey)));
      const place = puts[Number(each.data.toString())];
      assert.deepEqual(place, { shardId: shard.id, sequenceNumber: each.sequenceNumber });
      const before = records[index - 1]?.sequenceNumber ?? shard.startingSequenceNumber;
      assert.ok(compareSequenceNumbers(before, each.sequenceNumber) < 0);
    }
  }
  assert.equal(count, 200);
});

test('readers begin where they ask to', async (t) => {
  const { streams } = rig(t);
  const id = streams.create('events', { mode: 'PROVISIONED' }, START_MS).shards[0]?.id ?? '';
  const places = [];
  for (let n = 0; n < 10; n++)
    places.push(await streams.put('events', record('k', String(n)), START_MS + n * 1000));
  const nowMs = START_MS + 20_000;
  const firstOf = async (starting: Parameters<RecordService['position']>[2]) => {
    const read = await streams.read(
      'events',
      await streams.position('events', id, starting, nowMs),
      LIMITS,
      nowMs,
    );
    return read.records[0]?.data.toString();
  };
  const sequenceNumber = places[4]?.sequenceNumber ?? '';
  assert.equal(await firstOf({ type: 'TRIM_HORIZON' }), '0');
  assert.equal(await firstOf({ type: 'LATEST' }), undefined);
  assert.equal(await firstOf({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber }), '4');
  assert.equal(await firstOf({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber }), '5');
  assert.equal(await firstOf({ type: 'AT_TIMESTAMP', atMs: START_MS + 6500 }), '7');
  const start = streams.stream('events')?.shards[0]?.startingSequenceNumber ?? '';
  assert.equal(await firstOf({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: start }), '0');
  await assert.rejects(streams.position('events', id, { type: 'AT_TIMESTAMP', atMs: nowMs + 1 }, nowMs), {
    code: 'invalid-argument',
  });
  await assert.rejects(
    streams.position('events', id, { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '12' }, nowMs),
    { code: 'invalid-argument' },
  );
});

test('splits and merges under load: each key stays in order, parents end, children go on', async (t) => {
  const { streams } = rig(t);
  streams.create('events', { mode: 'PROVISIONED', shardCount: 2 }, START_MS);
  let nowMs = START_MS;
  let isOver = false;
  const put = async (key: string) => {
    let n = 0;
    for (; !isOver; n++) {
      const [one, other] = await streams.putMany(
        'events',
        [record(key, String(2 * n)), record(key, String(2 * n + 1))],
        ++nowMs,
      );
      assert.ok(one !== undefined && !(one instanceof RecordError));
      assert.ok(other !== undefined && !(other instanceof RecordError));
    }
    return n * 2;
  };
  const keys = Array.from({ length: 12 }, (_, n) => `key-${n}`);
  const writers = keys.map(put);
  for (const count of [4, 1, 3, 2, 5]) {
    const before = streams.stream('events');
    const info = await streams.reshard('events', count, ++nowMs);
    const open = info.shards.filter(({ closed }) => closed === undefined);
    assert.deepEqual(
      open.map(({ range }) => range).sort((a, b) => (a.start < b.start ? -1 : 1)),
      equalRanges(count),
    );
    assert.ok(info.shards.length > (before?.shards.length ?? 0));
  }
  isOver = true;
  const counts = await Promise.all(writers);
  // Read as a consumer does: from the first shards on to their children, a child after all its parents.
  const seen = new Map<string, number[]>();
  const done = new Set<string>();
  const shards = streams.stream('events')?.shards ?? [];
  while (done.size < shards.length) {
    for (const shard of shards) {
      const parents = [shard.parentId, shard.adjacentParentId].filter((id) => id !== undefined);
      if (done.has(shard.id) || !parents.every((id) => done.has(id))) continue;
      const { records, read } = await drain(streams, 'events', shard.id, nowMs + 1);
      for (const each of records) {
        const list = seen.get(each.partitionKey) ?? [];
        list.push(Number(each.data.toString()));
        seen.set(each.partitionKey, list);
      }
      assert.equal(read.isAtEnd, shard.closed !== undefined);
      if (shard.closed !== undefined) {
        assert.ok(read.children.length > 0);
        for (const child of read.children) {
          const ends = shard.closed.endingSequenceNumber;
          assert.ok(compareSequenceNumbers(child.startingSequenceNumber, ends) > 0);
        }
      }
      done.add(shard.id);
    }
  }
  for (const [index, key] of keys.entries()) {
    assert.deepEqual(
      seen.get(key),
      Array.from({ length: counts[index] ?? 0 }, (_, n) => n),
      key,
    );
  }
});

test('after a crash everything is there, and the same positions go on', async (t) => {
  const { streams, disk, again } = rig(t);
  streams.create('events', { mode: 'PROVISIONED', shardCount: 2, tags: { team: 'a' } }, START_MS);
  const places = await streams.putMany(
    'events',
    Array.from({ length: 50 }, (_, n) => record(`key-${n}`, String(n))),
    START_MS,
  );
  await streams.split('events', 'shardId-000000000000', 5n, START_MS);
  streams.registerConsumer('events', 'fan', {}, START_MS + 1234);
  const before = streams.stream('events');
  const { streams: after } = again(disk.afterPowerCut());
  assert.deepEqual(after.stream('events'), before);
  assert.equal(after.consumer('events', 'fan')?.createdMs, START_MS + 1000);
  const numbers = new Set<string>();
  for (const { id } of before?.shards ?? []) {
    for (const each of (await drain(after, 'events', id, START_MS)).records) numbers.add(each.sequenceNumber);
  }
  for (const place of places) assert.ok(!(place instanceof RecordError) && numbers.has(place.sequenceNumber));
  assert.equal(numbers.size, 50);
});

test('a shard takes 1,000 records and 1 MiB a second, and says so per record', async (t) => {
  const { streams } = rig(t, { enforceLimits: true });
  streams.create('events', { mode: 'PROVISIONED' }, START_MS);
  const many = Array.from({ length: 1100 }, (_, n) => record('k', String(n)));
  const results = await streams.putMany('events', many, START_MS + 5);
  const refused = results.filter((result) => result instanceof RecordError);
  assert.equal(refused.length, 100);
  assert.ok(refused.every(({ code }) => code === 'throughput-exceeded'));
  await assert.rejects(streams.put('events', record('k', 'x'), START_MS + 5), {
    code: 'throughput-exceeded',
  });
  await streams.put('events', record('k', 'x'), START_MS + 1100);
  const large = { partitionKey: 'k', data: Buffer.alloc(700_000) };
  await streams.put('events', large, START_MS + 5000);
  await assert.rejects(streams.put('events', large, START_MS + 5001), { code: 'throughput-exceeded' });
  await streams.put('events', large, START_MS + 6500);
});

test('a hot shard of an on-demand stream is split after 15 minutes, a cold one is not', async (t) => {
  const { streams, events } = rig(t);
  streams.create('events', { mode: 'ON_DEMAND', maxRecordBytes: 10_485_760 }, START_MS);
  assert.equal(streams.stream('events')?.shards.length, 4);
  const data = Buffer.alloc(10_100_000);
  // 30.3 MB a minute: a little above 500 KB a second
  for (let minute = 0; minute <= 16 && events.length === 0; minute++) {
    for (const explicitHashKey of ['7', '7', '7']) {
      await streams.put('events', { partitionKey: 'k', explicitHashKey, data }, START_MS + minute * 60_000);
    }
    if (minute < 15) assert.equal(events.length, 0);
  }
  assert.equal(events[0]?.type, 'split-hot-shard');
  const shards = streams.stream('events')?.shards ?? [];
  assert.equal(shards.filter(({ closed }) => closed === undefined).length, 5);
});

test('waiting ends with a record, with the shard, with the stream, or when nobody wants it any more', async (t) => {
  const { streams } = rig(t);
  streams.create('events', { mode: 'PROVISIONED' }, START_MS);
  const shardId = 'shardId-000000000000';
  const wait = (ordinal: number, signal = new AbortController().signal) =>
    streams.waitForMore('events', { shardId, ordinal }, signal);
  const first = wait(0);
  await streams.put('events', record('k', 'x'), START_MS);
  await first;
  const abort = new AbortController();
  const aborted = wait(1, abort.signal);
  abort.abort();
  await aborted;
  const split = wait(1);
  await streams.split('events', shardId, MAX_HASH_KEY / 2n, START_MS);
  await split;
  const child = streams.waitForMore(
    'events',
    { shardId: 'shardId-000000000001', ordinal: 0 },
    new AbortController().signal,
  );
  await streams.delete('events');
  await child;
  await assert.rejects(streams.put('events', record('k', 'x'), START_MS), { code: 'not-found' });
});

test('what has expired is not read, its files go, and closed shards are forgotten', async (t) => {
  const { streams, disk } = rig(t);
  streams.create('events', { mode: 'PROVISIONED' }, START_MS);
  for (let n = 0; n < 60; n++) {
    await streams.put('events', { partitionKey: 'k', data: Buffer.alloc(1000, n) }, START_MS + n * HOUR_MS);
  }
  const nowMs = START_MS + 60 * HOUR_MS;
  const { records } = await drain(streams, 'events', 'shardId-000000000000', nowMs);
  assert.equal(records.length, 24);
  const before = disk.paths.length;
  await streams.expire(nowMs);
  assert.ok(disk.paths.length < before);
  await streams.split('events', 'shardId-000000000000', MAX_HASH_KEY / 2n, nowMs);
  await streams.expire(nowMs + 25 * HOUR_MS);
  assert.deepEqual(
    streams.stream('events')?.shards.map(({ id }) => id),
    ['shardId-000000000001', 'shardId-000000000002'],
  );
  assert.ok(disk.paths.every((path) => !path.includes('shardId-000000000000')));
});

test('a deletion that was interrupted is finished; a stream that is made again is empty', async (t) => {
  const { streams, disk, again } = rig(t);
  streams.create('events', { mode: 'PROVISIONED' }, START_MS);
  await streams.put('events', record('k', 'x'), START_MS);
  const killed = disk.afterKill();
  const gate = Promise.withResolvers<void>();
  disk.removeDirectory = () => gate.promise;
  const deleted = streams.delete('events');
  assert.equal(streams.stream('events'), undefined);
  const after = again(killed);
  assert.equal(after.streams.stream('events'), undefined);
  await after.streams.close();
  assert.deepEqual(killed.paths, []);
  gate.resolve();
  await deleted;
  streams.create('events', { mode: 'PROVISIONED' }, START_MS + 1);
  assert.deepEqual((await drain(streams, 'events', 'shardId-000000000000', START_MS + 2)).records, []);
});

test('what makes no sense is refused', async (t) => {
  const { streams } = rig(t);
  streams.create('events', { mode: 'PROVISIONED', shardCount: 2 }, START_MS);
  assert.throws(() => streams.create('events', { mode: 'PROVISIONED' }, START_MS), {
    code: 'already-exists',
  });
  assert.throws(() => streams.create('../x', { mode: 'PROVISIONED' }, START_MS), {
    code: 'invalid-argument',
  });
  await assert.rejects(streams.put('nothing', record('k', 'x'), START_MS), { code: 'not-found' });
  await assert.rejects(
    streams.put('events', { ...record('k', 'x'), explicitHashKey: (MAX_HASH_KEY + 1n).toString() }, START_MS),
    { code: 'invalid-argument' },
  );
  await assert.rejects(streams.split('events', 'shardId-000000000000', 0n, START_MS), {
    code: 'invalid-argument',
  });
  await assert.rejects(streams.split('events', 'shardId-000000000009', 9n, START_MS), { code: 'not-found' });
  await streams.merge('events', 'shardId-000000000000', 'shardId-000000000001', START_MS);
  await assert.rejects(streams.split('events', 'shardId-000000000000', 9n, START_MS), { code: 'in-use' });
  for (let n = 0; n < 20; n++) streams.registerConsumer('events', `c${n}`, {}, START_MS);
  assert.throws(() => streams.registerConsumer('events', 'c20', {}, START_MS), { code: 'limit-exceeded' });
});
