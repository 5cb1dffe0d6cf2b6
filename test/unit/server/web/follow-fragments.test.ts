import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followFragments, SlowFollowerError } from '../../../../server/web/follow-fragments.ts';
import { FakeStreams, fakeFragment } from './support/fake-streams.ts';

function follow(fragments = 0, options: { afterOrdinal?: number; maxWaiting?: number } = {}) {
  const stream = new FakeStreams().add(
    'cam',
    Array.from({ length: fragments }, (_, ordinal) => fakeFragment(ordinal)),
  );
  const stop = new AbortController();
  const overflows: string[] = [];
  const events = followFragments(stream, {
    maxWaiting: 100,
    onOverflow: () => overflows.push(stream.record.name),
    signal: stop.signal,
    ...options,
  });
  const next = async () => {
    const { value } = await events.next();
    return value === undefined ? 'end' : `${value.type} ${value.ordinal}`;
  };
  return { stream, stop, events, next, overflows };
}

test('without a position only what comes from now on is told', async () => {
  const { stream, next } = follow(3);
  const first = next();
  stream.tell('received', fakeFragment(3));
  stream.persist(fakeFragment(3));
  stream.tell('lost', fakeFragment(4), 'disk-full');
  assert.equal(await first, 'received 3');
  assert.equal(await next(), 'persisted 3');
  assert.equal(await next(), 'lost 4');
});

test('from a position the log tells what was missed, then the live side goes on', async () => {
  const { stream, next } = follow(500, { afterOrdinal: 0 });
  for (let ordinal = 1; ordinal < 500; ordinal++) assert.equal(await next(), `persisted ${ordinal}`);
  const live = next();
  stream.persist(fakeFragment(500));
  assert.equal(await live, 'persisted 500');
});

test('what is persisted while the log is read is told once', async () => {
  const { stream, next } = follow(2, { afterOrdinal: -1 });
  let added = false;
  stream.beforeList = () => {
    if (!added) stream.persist(fakeFragment(2));
    added = true;
  };
  assert.equal(await next(), 'persisted 0');
  stream.persist(fakeFragment(3));
  assert.equal(await next(), 'persisted 1');
  assert.equal(await next(), 'persisted 2');
  assert.equal(await next(), 'persisted 3');
  stream.persist(fakeFragment(4));
  assert.equal(await next(), 'persisted 4');
});

test('what is written but not synced is told only after its event', async () => {
  const { stream, next } = follow(3, { afterOrdinal: -1 });
  stream.pendingBytes = 500_000;
  const first = next();
  stream.tell('received', fakeFragment(3));
  stream.tell('persisted', fakeFragment(1));
  assert.equal(await first, 'persisted 0');
  assert.equal(await next(), 'persisted 1');
  assert.equal(await next(), 'received 3');
  const last = next();
  stream.tell('persisted', fakeFragment(2));
  assert.equal(await last, 'persisted 2');
});

test('fragments that retention has deleted are passed over', async () => {
  const { stream, next } = follow(0, { afterOrdinal: 3 });
  stream.fragments.push(fakeFragment(10), fakeFragment(11));
  assert.equal(await next(), 'persisted 10');
  assert.equal(await next(), 'persisted 11');
});

test('a follower that does not read is dropped at the bound, and lets the stream go', async () => {
  const { stream, events, overflows } = follow(0, { maxWaiting: 2 });
  const first = events.next();
  for (let ordinal = 0; ordinal < 4; ordinal++) stream.persist(fakeFragment(ordinal));
  assert.deepEqual(overflows, ['cam']);
  await assert.rejects(first, SlowFollowerError);
  assert.equal(stream.followers, 0);
});

test('the signal ends a follower that waits', async () => {
  const { stream, stop, next } = follow();
  const waiting = next();
  stop.abort();
  assert.equal(await waiting, 'end');
  assert.equal(stream.followers, 0);
});
