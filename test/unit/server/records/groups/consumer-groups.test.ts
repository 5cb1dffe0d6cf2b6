import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../../fragments/log/clock.ts';
import { SyncGroup } from '../../../../../fragments/log/sync-group.ts';
import { CatalogError } from '../../../../../server/catalog/catalog-error.ts';
import type { GroupCatalog } from '../../../../../server/catalog/group-catalog.ts';
import { SqliteCatalog } from '../../../../../server/catalog/sqlite-catalog.ts';
import { DataStreams } from '../../../../../server/records/data-streams.ts';
import { ConsumerGroups } from '../../../../../server/records/groups/consumer-groups.ts';
import { RecordStore } from '../../../../../server/records/log/record-store.ts';
import { MemoryStore } from '../../../fragments/log/support/memory-store.ts';

const START_MS = 1_800_000_000_000;
const LEASE_MS = 10_000;
const worker = (name: string) => ({ name, leaseMs: LEASE_MS, start: 'TRIM_HORIZON' as const });

/** Groups over real streams; `again` reads them anew from the catalog, as after a restart. */
function rig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-groups-'));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  t.after(() => {
    catalog.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const syncGroup = new SyncGroup({ policy: 'fragment', intervalMs: 100, clock: systemClock });
  const store = new RecordStore({ store: new MemoryStore(), syncGroup });
  const records = new DataStreams({ catalog: catalog.records, store, enforceLimits: false });
  const open = (groups: GroupCatalog = catalog.groups) => new ConsumerGroups({ records, catalog: groups });
  records.create('events', { mode: 'PROVISIONED', shardCount: 2 }, START_MS);
  return { records, catalog, open };
}

test('after a restart workers keep their sessions, leases and checkpoints, and get their full time', async (t) => {
  const { records, open } = rig(t);
  const before = open();
  const { session, leases } = await before.join('events', 'g', worker('a'), START_MS);
  const { shardId, sequenceNumber } = await records.put(
    'events',
    { partitionKey: 'k', data: Buffer.from('x') },
    START_MS,
  );
  const fence = leases.find((lease) => lease.shardId === shardId)?.fence ?? 0;
  const place = { sequenceNumber, subSequenceNumber: 7 };
  await before.checkpoint('events', 'g', { shardId, worker: 'a', fence }, place, START_MS);
  const late = START_MS + 60_000;
  const after = open();
  const membership = after.heartbeat('events', 'g', 'a', session, late);
  assert.equal(membership.leases.length, 2);
  assert.deepEqual(
    membership.leases.find((lease) => lease.shardId === shardId),
    {
      shardId,
      fence,
      checkpoint: place,
      isWanted: false,
    },
  );
  assert.equal(membership.expiresMs, late + LEASE_MS);
  // Who does not come back is replaced, with greater fences, and sessions go on.
  const again = open();
  again.list('events');
  const second = await again.join('events', 'g', worker('b'), late);
  assert.ok(second.session > session);
  assert.deepEqual(second.leases, []);
  const taken = again.heartbeat('events', 'g', 'b', second.session, late + LEASE_MS - 1);
  assert.deepEqual(taken.leases, []);
  assert.deepEqual(
    again
      .heartbeat('events', 'g', 'b', second.session, late + LEASE_MS)
      .leases.map((lease) => lease.fence > fence),
    [true, true],
  );
});

test('what cannot be stored is not kept in memory either', async (t) => {
  const { catalog, open } = rig(t);
  let isFull = false;
  const failing: GroupCatalog = {
    listGroups: (stream) => catalog.groups.listGroups(stream),
    group: (stream, name) => catalog.groups.group(stream, name),
    insertGroup: (group, leases) => catalog.groups.insertGroup(group, leases),
    deleteGroup: (stream, name) => catalog.groups.deleteGroup(stream, name),
    saveGroup: (stream, name, changes) => {
      if (isFull) throw new CatalogError('damaged', 'the disk is full');
      catalog.groups.saveGroup(stream, name, changes);
    },
  };
  const groups = open(failing);
  const { session } = await groups.join('events', 'g', worker('a'), START_MS);
  isFull = true;
  assert.throws(() => groups.leave('events', 'g', 'a', session, START_MS), CatalogError);
  isFull = false;
  assert.equal(groups.heartbeat('events', 'g', 'a', session, START_MS).leases.length, 2);
});

test('two that make a group at once make one', async (t) => {
  const { open } = rig(t);
  const groups = open();
  const members = await Promise.all(
    ['a', 'b'].map((name) => groups.join('events', 'g', worker(name), START_MS)),
  );
  assert.deepEqual(
    members.map(({ leases }) => leases.length),
    [2, 0],
  );
  assert.deepEqual(groups.levels(START_MS), { groups: 1, workers: 2, leases: 2 });
  assert.deepEqual(groups.levels(START_MS + LEASE_MS), { groups: 1, workers: 0, leases: 0 });
  assert.equal(groups.totals.joined, 2);
});

test('shards that retention takes away leave the group, and how far behind it is can be told all along', async (t) => {
  const { records, open } = rig(t);
  const groups = open();
  const { session } = await groups.join('events', 'g', worker('a'), START_MS);
  await records.split('events', 'shardId-000000000000', 5n, START_MS);
  const late = START_MS + 25 * 3_600_000;
  await records.put('events', { partitionKey: 'k', explicitHashKey: '1', data: Buffer.from('x') }, late);
  await records.expire(late);
  assert.throws(() => groups.heartbeat('events', 'g', 'a', session, late), { code: 'not-joined' });
  await groups.join('events', 'g', worker('a'), late);
  const { leases } = await groups.describe('events', 'g', late + 100);
  assert.deepEqual(
    leases.map(({ lease, isReady, behindMs, recordsBehind }) => [
      lease.shardId,
      lease.owner,
      isReady,
      behindMs,
      recordsBehind,
    ]),
    [
      ['shardId-000000000001', 'a', true, 0, 0],
      ['shardId-000000000002', 'a', true, 100, 1],
      ['shardId-000000000003', 'a', true, 0, 0],
    ],
  );
});
