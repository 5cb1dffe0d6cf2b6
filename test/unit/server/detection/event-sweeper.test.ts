import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StreamRecord } from '../../../../server/catalog/catalog.ts';
import { EventSweeper } from '../../../../server/detection/event-sweeper.ts';
import type { OpenStream } from '../../../../server/streams/stream-service.ts';
import { ManualClock, settle } from '../../fragments/log/support/manual-clock.ts';
import { eventOf, openStore } from './support/events.ts';

const HOUR_MS = 3_600_000;

/** Streams `a`, `b`... with an event an hour, the newest just now. */
function setUp(t: TestContext, hoursByStream: Record<string, number>) {
  const { store } = openStore(t);
  const clock = new ManualClock();
  const nowMs = clock.nowMs();
  for (const [stream, hours] of Object.entries(hoursByStream)) {
    const events = Array.from({ length: hours }, (_, i) =>
      eventOf({ stream, producerMs: 0, frameOffsetMs: i, serverMs: nowMs - i * HOUR_MS }),
    );
    store.commit({ stream, watch: 'live', events });
  }
  const records = new Map<string, Partial<StreamRecord>>();
  const logs = new Map<string, number>();
  const streams = {
    record: (name: string) => records.get(name) as StreamRecord | undefined,
    peek: (name: string): OpenStream | undefined => {
      const serverMs = logs.get(name);
      if (serverMs === undefined) return undefined;
      return { log: { firstOrdinal: 0, list: async () => [{ serverMs }] } } as unknown as OpenStream;
    },
  };
  const sweeper = (rest: { retentionHours?: number | null; maxEvents?: number } = {}) =>
    new EventSweeper({
      store,
      streams,
      retentionHours: null,
      maxEvents: 1_000_000,
      clock,
      logger: { error: (fields: unknown) => assert.fail(String(fields)) },
      ...rest,
    });
  const kept = () => {
    const counts: Record<string, number> = {};
    for (const { event } of store.after(0, 10_000)) counts[event.stream] = (counts[event.stream] ?? 0) + 1;
    return counts;
  };
  return { store, clock, records, logs, sweeper, kept };
}

test('events go with the media of their stream, by server time, and are kept for a day at least', async (t) => {
  const { records, logs, sweeper, kept, clock } = setUp(t, {
    days: 100,
    live: 100,
    full: 100,
    closed: 100,
    gone: 100,
  });
  records.set('days', { retentionHours: 48 });
  records.set('live', { retentionHours: 0 });
  records.set('full', { retentionHours: null });
  records.set('closed', { retentionHours: null });
  logs.set('full', clock.nowMs() - 72.5 * HOUR_MS);
  const one = sweeper();
  await one.sweep();
  assert.deepEqual(kept(), { days: 49, live: 25, full: 73, closed: 100 });
  assert.equal(one.deleted, 51 + 75 + 27 + 100);
});

test('a time that is set is the time, and the oldest go when there are too many', async (t) => {
  const { records, sweeper, kept } = setUp(t, { a: 10, b: 500 });
  records.set('a', { retentionHours: 9999 });
  records.set('b', { retentionHours: null });
  await sweeper({ retentionHours: 400 }).sweep();
  assert.deepEqual(kept(), { a: 10, b: 401 });
  await sweeper({ maxEvents: 100 }).sweep();
  assert.deepEqual(kept(), { b: 100 });
});

test('it sweeps at once and every ten minutes, until it is closed', async (t) => {
  const { records, sweeper, kept, clock } = setUp(t, { a: 25 });
  records.set('a', { retentionHours: 24 });
  const one = sweeper();
  one.start();
  await clock.advance(0);
  await settle();
  assert.deepEqual(kept(), { a: 25 });
  await clock.advance(10 * 60_000);
  await settle();
  assert.deepEqual(kept(), { a: 24 });
  await one.close();
  await clock.advance(HOUR_MS);
  assert.deepEqual(kept(), { a: 24 });
});
