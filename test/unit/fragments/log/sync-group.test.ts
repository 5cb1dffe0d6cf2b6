import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyncGroup, type SyncPolicy } from '../../../../fragments/log/sync-group.ts';
import { ManualClock, settle } from './support/manual-clock.ts';

class Target {
  syncs = 0;
  unsynced = 0;
  gate: Promise<void> | undefined;

  async sync(): Promise<void> {
    this.syncs++;
    await this.gate;
  }

  settleUnsynced(): void {
    this.unsynced++;
  }
}

function makeGroup(policy: SyncPolicy) {
  const clock = new ManualClock();
  return { clock, group: new SyncGroup({ policy, intervalMs: 300, clock }) };
}

test('interval: one round for all that is dirty, no oftener than the interval', async () => {
  const { clock, group } = makeGroup('interval');
  const targets = [new Target(), new Target(), new Target()];
  for (let ms = 0; ms < 3000; ms += 10) {
    for (const target of targets) group.request(target);
    await clock.advance(10);
  }
  const { rounds } = group;
  assert.ok(rounds === 10 || rounds === 11, `${rounds} rounds in 3000 ms`);
  for (const target of targets) assert.equal(target.syncs, rounds);
});

test('interval: nothing happens when nothing is dirty', async () => {
  const { clock, group } = makeGroup('interval');
  const target = new Target();
  group.request(target);
  await clock.advance(10_000);
  assert.equal(target.syncs, 1);
  assert.equal(group.rounds, 1);
  assert.equal(group.dirtyFiles, 0);
});

test('interval: rounds do not overlap when the disk is slow; what becomes dirty meanwhile is in the next', async () => {
  const { clock, group } = makeGroup('interval');
  const [slow, other] = [new Target(), new Target()];
  const { promise, resolve } = Promise.withResolvers<void>();
  slow.gate = promise;
  group.request(slow);
  await clock.advance(1);
  group.request(other);
  group.request(slow);
  await clock.advance(2000);
  assert.deepEqual([slow.syncs, other.syncs, group.dirtyFiles], [1, 0, 2]);
  resolve();
  await clock.advance(1);
  assert.deepEqual([slow.syncs, other.syncs], [2, 1]);
  assert.equal(group.lastRoundMs, 0);
});

test('interval: a clock that is set back does not postpone the round', async () => {
  const { clock, group } = makeGroup('interval');
  const target = new Target();
  group.request(target);
  await clock.advance(1);
  clock.step(-3_600_000);
  group.request(target);
  await clock.advance(300);
  assert.equal(target.syncs, 2);
});

test('fragment: at once; none: never', async () => {
  const [one, two] = [makeGroup('fragment'), makeGroup('none')];
  const [synced, unsynced] = [new Target(), new Target()];
  for (let count = 0; count < 3; count++) {
    one.group.request(synced);
    two.group.request(unsynced);
  }
  await settle();
  assert.deepEqual([synced.syncs, synced.unsynced], [3, 0]);
  assert.deepEqual([unsynced.syncs, unsynced.unsynced], [0, 3]);
});
