import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { balance, type Share } from '../../../../../server/records/groups/balance.ts';
import { isShardEnd, SHARD_END } from '../../../../../server/records/groups/checkpoint.ts';
import { ConsumerGroup, type GroupShard } from '../../../../../server/records/groups/consumer-group.ts';

const LEASE_MS = 10_000;
const EMPTY = { lastNumber: 0, workers: [], leases: [] };

const shardsOf = (...ids: string[]): GroupShard[] => ids.map((id) => ({ id, parentIds: [] }));
const holderOf = (group: ConsumerGroup, shardId: string) => {
  const { owner = '', fence = 0 } = group.lease(shardId) ?? {};
  return { shardId, worker: owner, fence };
};
const ownersOf = (group: ConsumerGroup) =>
  Object.fromEntries(group.leases.map(({ shardId, owner }) => [shardId, owner]));

test('shares are even, and no more of them move than that takes', () => {
  const input = fc.record({
    workers: fc.integer({ min: 0, max: 7 }),
    shares: fc.array(fc.record({ owner: fc.integer({ min: -1, max: 6 }), isWanted: fc.boolean() }), {
      maxLength: 30,
    }),
  });
  fc.assert(
    fc.property(input, ({ workers: count, shares: raw }) => {
      const workers = Array.from({ length: count }, (_, index) => `w${index}`);
      const shares: Share[] = raw.map(({ owner, isWanted }, index) => {
        const name = owner >= 0 && owner < count ? `w${owner}` : undefined;
        return { shardId: `s${index}`, owner: name, isWanted: name !== undefined && isWanted };
      });
      const { grants, wanted } = balance(shares, workers);
      if (count === 0) {
        assert.equal(grants.size + wanted.size, 0);
        return;
      }
      // As it will be: wanted shares are released, and granted in a next round.
      const settle = (now: readonly Share[]): readonly Share[] => {
        const result = balance(now, workers);
        return now.map(({ shardId, owner }) => ({
          shardId,
          owner: result.wanted.has(shardId) ? undefined : (result.grants.get(shardId) ?? owner),
          isWanted: false,
        }));
      };
      const settled = settle(settle(settle(shares)));
      const loads = workers.map((worker) => settled.filter(({ owner }) => owner === worker).length);
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `loads ${loads}`);
      assert.ok(settled.every(({ owner }) => owner !== undefined));
      // The least number of moves: what every worker has above its part, those with most keeping one more.
      const held = workers.map((worker) => shares.filter(({ owner }) => owner === worker).length);
      const base = Math.floor(shares.length / count);
      const more = shares.length % count;
      const least = held
        .sort((a, b) => b - a)
        .reduce((sum, load, index) => sum + Math.max(0, load - base - (index < more ? 1 : 0)), 0);
      assert.equal(wanted.size, least);
      assert.equal(
        settled.filter(
          ({ owner }, index) => shares[index]?.owner !== undefined && owner !== shares[index]?.owner,
        ).length,
        least,
      );
      for (const shardId of grants.keys())
        assert.equal(shares.find((share) => share.shardId === shardId)?.owner, undefined);
    }),
    { numRuns: 500 },
  );
});

test('a shard that was asked for is asked for again, and not another one', () => {
  const shares = ['a', 'b', 'c', 'd'].map((shardId) => ({ shardId, owner: 'w0', isWanted: shardId === 'b' }));
  assert.ok(balance(shares, ['w0', 'w1']).wanted.has('b'));
});

test('workers come and go: shards move by request, and at once when a worker is dead', () => {
  const group = new ConsumerGroup(EMPTY, 0);
  const shards = shardsOf('s0', 's1', 's2', 's3');
  group.update(shards, 0);
  const a = group.join('a', LEASE_MS, 0);
  group.update(shards, 0);
  assert.deepEqual(ownersOf(group), { s0: 'a', s1: 'a', s2: 'a', s3: 'a' });
  const b = group.join('b', LEASE_MS, 1000);
  group.update(shards, 1000);
  const wanted = group.leases.filter(({ isWanted }) => isWanted).map((lease) => ({ ...lease }));
  assert.equal(wanted.length, 2);
  assert.deepEqual(group.leasesOf('b'), []);
  for (const { shardId, fence } of wanted) group.release({ shardId, worker: 'a', fence });
  group.update(shards, 1000);
  assert.equal(group.leasesOf('b').length, 2);
  assert.ok(
    group.leasesOf('b').every(({ fence }) => fence > Math.max(...wanted.map((lease) => lease.fence))),
  );
  // a falls silent
  const ofA = holderOf(group, group.leasesOf('a')[0]?.shardId ?? '');
  group.heartbeat('b', b, LEASE_MS - 1);
  group.update(shards, LEASE_MS);
  assert.equal(group.leasesOf('b').length, 4);
  assert.throws(() => group.heartbeat('a', a, LEASE_MS), { code: 'not-joined' });
  assert.throws(() => group.checkpoint(ofA, SHARD_END, LEASE_MS), {
    code: 'lease-lost',
  });
  group.leave('b', b);
  group.update(shards, LEASE_MS);
  assert.deepEqual(ownersOf(group), { s0: undefined, s1: undefined, s2: undefined, s3: undefined });
});

test('a worker that comes again under its name takes its place; the one before is told', () => {
  const group = new ConsumerGroup(EMPTY, 0);
  const first = group.join('a', LEASE_MS, 0);
  group.update(shardsOf('s0'), 0);
  const before = holderOf(group, 's0');
  const second = group.join('a', LEASE_MS, 10);
  group.update(shardsOf('s0'), 10);
  assert.ok(second > first);
  assert.throws(() => group.heartbeat('a', first, 20), { code: 'not-joined' });
  assert.throws(() => group.release(before), { code: 'lease-lost' });
  assert.ok(holderOf(group, 's0').fence > before.fence);
});

test('children wait for all of their parents', () => {
  const group = new ConsumerGroup(EMPTY, 0);
  const before = shardsOf('s0', 's1');
  group.update(before, 0);
  group.join('a', LEASE_MS, 0);
  group.update(before, 0);
  const merged = [...before, { id: 's2', parentIds: ['s0', 's1'] }];
  group.update(merged, 0);
  assert.equal(group.lease('s2')?.owner, undefined);
  group.checkpoint(holderOf(group, 's0'), SHARD_END, 0);
  group.update(merged, 0);
  assert.equal(group.lease('s2')?.owner, undefined);
  group.checkpoint(holderOf(group, 's1'), SHARD_END, 0);
  group.update(merged, 0);
  assert.equal(group.lease('s2')?.owner, 'a');
});

test('what retention has taken away holds nothing up', () => {
  const group = new ConsumerGroup(EMPTY, 0);
  group.update(shardsOf('s0'), 0);
  group.join('a', LEASE_MS, 0);
  group.takeChanges();
  group.update([{ id: 's1', parentIds: ['s0'] }], 0);
  assert.equal(group.lease('s1')?.owner, 'a');
  assert.deepEqual(group.takeChanges()?.goneLeases, ['s0']);
});

test('checkpoints only move forward', () => {
  const group = new ConsumerGroup(EMPTY, 0);
  group.update(shardsOf('s0'), 0);
  group.join('a', LEASE_MS, 0);
  group.update(shardsOf('s0'), 0);
  const holder = holderOf(group, 's0');
  const at = (sequenceNumber: string, subSequenceNumber?: number) => ({ sequenceNumber, subSequenceNumber });
  group.checkpoint(holder, at('TRIM_HORIZON'), 0);
  group.checkpoint(holder, at('99', 4), 0);
  group.checkpoint(holder, at('99', 4), 0);
  group.checkpoint(holder, at('99', 5), 0);
  group.checkpoint(holder, at('99'), 0);
  group.checkpoint(holder, at('100'), 0);
  for (const late of [at('TRIM_HORIZON'), at('99'), at('100', 3)]) {
    assert.throws(() => group.checkpoint(holder, late, 0), { code: 'checkpoint-behind' });
  }
  assert.throws(() => group.checkpoint({ ...holder, shardId: 'x' }, SHARD_END, 0), { code: 'not-found' });
});

/** A disk: what was stored by `takeChanges`, as the catalog keeps it. */
function disk() {
  const workers = new Map<string, NonNullable<ReturnType<ConsumerGroup['takeChanges']>>['workers'][number]>();
  const leases = new Map<string, NonNullable<ReturnType<ConsumerGroup['takeChanges']>>['leases'][number]>();
  let lastNumber = 0;
  return {
    store(group: ConsumerGroup): void {
      const changes = group.takeChanges();
      if (changes === undefined) return;
      lastNumber = changes.lastNumber;
      for (const name of changes.goneWorkers) workers.delete(name);
      for (const shardId of changes.goneLeases) leases.delete(shardId);
      for (const worker of changes.workers) workers.set(worker.name, worker);
      for (const lease of changes.leases) leases.set(lease.shardId, lease);
    },
    open: (nowMs: number) =>
      new ConsumerGroup({ lastNumber, workers: [...workers.values()], leases: [...leases.values()] }, nowMs),
  };
}

type Step =
  | { readonly do: 'join' | 'heartbeat' | 'leave' | 'obey'; readonly worker: number }
  | { readonly do: 'end' | 'checkpoint' | 'split'; readonly shard: number }
  | { readonly do: 'merge'; readonly shard: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart' };

const worker = fc.nat(3);
const shard = fc.nat(7);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('join', 'heartbeat', 'heartbeat', 'leave', 'obey', 'obey'), worker }),
  fc.record({ do: fc.constantFrom('end', 'end', 'checkpoint', 'split', 'merge'), shard }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8000 }) }),
  fc.record({ do: fc.constant('restart' as const) }),
);

test('whatever happens: one owner a shard, growing fences, parents before children, nobody idle while another has two', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const shards: GroupShard[] = shardsOf('s000', 's001');
      const closed = new Set<string>();
      const sessions = new Map<string, number>();
      const fences = new Map<string, { owner: string | undefined; fence: number }>();
      const stored = disk();
      let nowMs = 0;
      let numbers = 10;
      let group = stored.open(nowMs);

      const settle = () => {
        group.update(shards, nowMs);
        stored.store(group);
        for (const lease of group.leases) {
          const before = fences.get(lease.shardId);
          if (lease.owner !== undefined && lease.owner !== before?.owner) {
            assert.ok(lease.fence > (before?.fence ?? 0), 'a new owner has a greater fence');
          }
          if (before !== undefined) assert.ok(lease.fence >= before.fence);
          fences.set(lease.shardId, { owner: lease.owner, fence: lease.fence });
          if (lease.owner === undefined) continue;
          assert.ok(!isShardEnd(lease.checkpoint));
          assert.ok(
            group.workers.some(({ name }) => name === lease.owner),
            'owners are alive',
          );
          for (const id of lease.parentIds) assert.ok(isShardEnd(group.lease(id)?.checkpoint ?? SHARD_END));
        }
        if (group.workers.length === 0) return;
        const open = group.leases.filter((lease) => !isShardEnd(lease.checkpoint) && group.mayBeRead(lease));
        assert.ok(
          open.every(({ owner }) => owner !== undefined),
          'no shard is left behind',
        );
        const loads = group.workers.map(({ name }) => {
          const own = group.leasesOf(name);
          return own.length - own.filter(({ isWanted }) => isWanted).length;
        });
        assert.ok(Math.max(...loads) <= Math.ceil(open.length / loads.length), `loads ${loads}`);
      };

      settle();
      for (const each of steps) {
        group.update(shards, nowMs);
        switch (each.do) {
          case 'join': {
            const name = `w${each.worker}`;
            sessions.set(name, group.join(name, LEASE_MS, nowMs));
            break;
          }
          case 'heartbeat':
          case 'leave':
          case 'obey': {
            const name = `w${each.worker}`;
            const session = sessions.get(name) ?? 0;
            if (!group.workers.some((known) => known.name === name && known.session === session)) {
              assert.throws(() => group.heartbeat(name, session, nowMs), { code: 'not-joined' });
            } else if (each.do === 'leave') group.leave(name, session);
            else {
              group.heartbeat(name, session, nowMs);
              if (each.do === 'heartbeat') break;
              for (const { shardId, fence, isWanted } of group.leasesOf(name)) {
                if (isWanted) group.release({ shardId, worker: name, fence });
              }
            }
            break;
          }
          case 'end':
          case 'checkpoint': {
            const lease = group.leases[each.shard % group.leases.length];
            if (lease?.owner === undefined) break;
            const holder = { shardId: lease.shardId, worker: lease.owner, fence: lease.fence };
            const isEnd = each.do === 'end' && closed.has(lease.shardId);
            const to = isEnd
              ? SHARD_END
              : { sequenceNumber: String(numbers++), subSequenceNumber: undefined };
            group.checkpoint(holder, to, nowMs);
            break;
          }
          case 'split':
          case 'merge': {
            const open = shards.filter(({ id }) => !closed.has(id));
            const parents = each.do === 'split' ? [open[each.shard % open.length]] : open.slice(0, 2);
            if (parents.length === 2 && open.length < 2) break;
            const parentIds = parents.flatMap((parent) => parent?.id ?? []);
            for (const id of parentIds) closed.add(id);
            for (let count = each.do === 'split' ? 2 : 1; count > 0; count--) {
              shards.push({ id: `s${String(shards.length).padStart(3, '0')}`, parentIds });
            }
            break;
          }
          case 'pass':
            nowMs += each.ms;
            break;
          case 'restart':
            stored.store(group);
            group = stored.open(nowMs);
            break;
        }
        settle();
      }
    }),
    { numRuns: 500 },
  );
});
