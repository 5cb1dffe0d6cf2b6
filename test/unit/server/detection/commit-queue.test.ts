import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommitQueue } from '../../../../server/detection/commit-queue.ts';
import type { EventCommit, StoredEvent } from '../../../../server/detection/event-store.ts';
import { ManualClock, settle } from '../../fragments/log/support/manual-clock.ts';
import { eventOf } from './support/events.ts';

const DISK_FULL = Object.assign(new Error('database or disk is full'), { errcode: 13 });

/** A queue over a store that remembers what it was given, and fails when told to. */
function setUp() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = (_fields: object, message?: string) => lines.push(message ?? '');
  const rounds: string[][] = [];
  const rig = {
    clock,
    lines,
    rounds,
    failure: undefined as Error | undefined,
    isBad: (_commit: EventCommit) => false,
    takesMs: 0,
  };
  const store = {
    commitAll(commits: readonly EventCommit[]): StoredEvent[][] {
      clock.step(rig.takesMs);
      if (rig.failure !== undefined) throw rig.failure;
      if (commits.some(rig.isBad)) throw new TypeError('no such value');
      rounds.push(commits.map(({ watch }) => watch));
      return commits.map(({ events }) => events.map((event, i) => ({ seq: i + 1, event })));
    },
  };
  const queue = new CommitQueue({
    store,
    clock,
    logger: { error: log, info: (text: unknown) => lines.push(String(text)) },
  });
  const add = (watch: string) => queue.add({ stream: 'cam', watch, events: [eventOf()] });
  return { ...rig, rig, queue, add };
}

test('what comes close together is one commit; alone it does not wait', async () => {
  const { clock, rounds, add } = setUp();
  const first = add('a');
  await clock.advance(0);
  assert.equal((await first).length, 1);
  const rest = [add('b'), add('c')];
  await clock.advance(4);
  assert.deepEqual(rounds, [['a']]);
  await clock.advance(1);
  await Promise.all(rest);
  assert.deepEqual(rounds, [['a'], ['b', 'c']]);
});

test('a slow disk gets fewer and larger commits: a fifth of the time is theirs', async () => {
  const { clock, rounds, rig, add } = setUp();
  rig.takesMs = 100;
  await Promise.all([add('a'), clock.advance(0)]);
  const rest = [add('b')];
  await clock.advance(399);
  rest.push(add('c'));
  assert.equal(rounds.length, 1);
  await clock.advance(1);
  await Promise.all(rest);
  assert.deepEqual(rounds, [['a'], ['b', 'c']]);
});

test('while the disk refuses, it is tried again, further and further apart; nothing is lost or reordered', async () => {
  const { clock, rounds, rig, queue, lines, add } = setUp();
  rig.failure = DISK_FULL;
  const first = add('a');
  await clock.advance(0);
  const second = add('b');
  await clock.advance(1000);
  assert.equal(queue.counters.failed, 2);
  assert.equal(queue.isHealthy, false);
  await clock.advance(1999);
  assert.equal(queue.counters.failed, 2);
  rig.failure = undefined;
  await clock.advance(1);
  await Promise.all([first, second]);
  assert.deepEqual(rounds, [['a', 'b']]);
  assert.equal(queue.isHealthy, true);
  assert.deepEqual(lines, ['events cannot be stored; trying again', 'events are stored again']);
});

test('one that cannot be stored is given up, and holds up nobody', async () => {
  const { clock, rounds, rig, queue, add } = setUp();
  rig.isBad = ({ watch }) => watch === 'bad';
  const all = [add('a'), add('bad'), add('c')];
  await clock.advance(0);
  assert.deepEqual(
    (await Promise.all(all)).map(({ length }) => length),
    [1, 0, 1],
  );
  assert.deepEqual(rounds, [['a'], ['c']]);
  assert.equal(queue.counters.refused, 1);
  assert.equal(queue.isHealthy, true);
});

test('closing stores what waits; what it cannot store, nobody waits for', async () => {
  const { rounds, queue, add } = setUp();
  const waiting = add('a');
  queue.close();
  assert.equal((await waiting).length, 1);
  assert.deepEqual(rounds, [['a']]);
  assert.deepEqual(await add('b'), []);

  const broken = setUp();
  broken.rig.failure = DISK_FULL;
  const lost = broken.add('a');
  broken.queue.close();
  assert.deepEqual(await lost, []);
  await settle();
  assert.equal(broken.queue.counters.failed, 1);
});
