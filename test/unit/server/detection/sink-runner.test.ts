import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type EventSink, SinkError } from '../../../../server/detection/event-sink.ts';
import type { StoredEvent } from '../../../../server/detection/event-store.ts';
import { SinkRunner } from '../../../../server/detection/sink-runner.ts';
import type { SqliteEventStore } from '../../../../server/detection/sqlite-event-store.ts';
import { ManualClock, settle } from '../../fragments/log/support/manual-clock.ts';
import { eventOf, openStore, T0 } from './support/events.ts';

/** Takes what it is given, or answers as it is told. */
class FakeSink implements EventSink {
  readonly name: string;
  readonly batchSize: number;
  readonly taken: number[] = [];
  readonly given: number[][] = [];
  answer: (events: readonly StoredEvent[], signal: AbortSignal) => void | Promise<void> = () => {};

  constructor(name = 'fake', batchSize = 10) {
    this.name = name;
    this.batchSize = batchSize;
  }

  async deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const seqs = events.map(({ seq }) => seq);
    this.given.push(seqs);
    await this.answer(events, signal);
    this.taken.push(...seqs);
  }
}

function setUp(t: TestContext) {
  const { store } = openStore(t);
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = (_fields: object, message?: string) => lines.push(message ?? '');
  const start = () =>
    new SinkRunner({ store, drainMs: 5000, clock, logger: { info: log, warn: log, error: log } });
  return { store, clock, lines, start };
}

let made = 0;
function commit(store: SqliteEventStore, count: number): void {
  const events = Array.from({ length: count }, () => eventOf({ producerMs: T0 + made++ }));
  store.commit({ stream: 'cam', watch: 'live', events });
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('a new sink is told of what happens from now on, in order and in batches', async (t) => {
  const { store, clock, start } = setUp(t);
  commit(store, 3);
  const runner = start();
  const sink = new FakeSink();
  runner.add(sink);
  assert.throws(() => runner.add(new FakeSink()), RangeError);
  await settle();
  assert.deepEqual(sink.given, []);
  commit(store, 25);
  await settle();
  assert.deepEqual(
    sink.given.map(({ length }) => length),
    [10, 10, 5],
  );
  assert.deepEqual(sink.taken, range(4, 28));
  assert.deepEqual(runner.states(), [
    {
      name: 'fake',
      counters: { delivered: 25, retried: 0, refused: 0, missed: 0 },
      behind: 0,
      problem: undefined,
    },
  ]);
  await clock.advance(500);
  assert.equal(store.sinkPosition('fake'), 28);
  await runner.close();
});

test('one that is down gets all that it has missed, and holds up nobody else', async (t) => {
  const { store, clock, lines, start } = setUp(t);
  const runner = start();
  const [down, up] = [new FakeSink('down'), new FakeSink('up')];
  runner.add(down);
  runner.add(up);
  down.answer = () => {
    throw new SinkError('no broker');
  };
  commit(store, 2);
  await settle();
  assert.equal(runner.problemOf('down'), 'no broker');
  await clock.advance(500);
  commit(store, 20);
  await clock.advance(999);
  assert.equal(down.given.length, 2, 'the pause has doubled, and news do not shorten it');
  assert.deepEqual(up.taken, range(1, 22));
  assert.equal(runner.states()[0]?.behind, 22);
  down.answer = () => {};
  await clock.advance(1);
  assert.deepEqual(down.taken, range(1, 22));
  assert.equal(runner.problemOf('down'), undefined);
  assert.deepEqual(lines, ['events are not delivered; trying again', 'events are delivered again']);
  await runner.close();
});

test('who says when to come again is tried then', async (t) => {
  const { store, clock, start } = setUp(t);
  const runner = start();
  const sink = new FakeSink();
  runner.add(sink);
  sink.answer = () => {
    throw new SinkError('later', { retryAfterMs: 30_000 });
  };
  commit(store, 1);
  await clock.advance(29_999);
  assert.equal(sink.given.length, 1);
  await clock.advance(1);
  assert.equal(sink.given.length, 2);
  await runner.close();
});

test('an event that will never be taken is passed over, alone', async (t) => {
  const { store, start } = setUp(t);
  const runner = start();
  const sink = new FakeSink();
  runner.add(sink);
  sink.answer = (events) => {
    if (events.some(({ seq }) => seq === 3)) throw new SinkError('not this one', { isFinal: true });
  };
  commit(store, 5);
  await settle();
  assert.deepEqual(sink.taken, [1, 2, 4, 5]);
  assert.deepEqual(runner.states()[0]?.counters, { delivered: 4, retried: 0, refused: 1, missed: 0 });
  await runner.close();
});

test('what was deleted before it could be delivered is counted', async (t) => {
  const { store, clock, start } = setUp(t);
  const runner = start();
  const sink = new FakeSink();
  runner.add(sink);
  sink.answer = () => {
    throw new SinkError('down');
  };
  commit(store, 20);
  await settle();
  store.sweep({ keepFromMs: () => undefined, maxEvents: 5 }, 100);
  sink.answer = () => {};
  await clock.advance(500);
  assert.deepEqual(sink.taken, range(16, 20));
  assert.equal(runner.states()[0]?.counters.missed, 15);
  await runner.close();
});

test('closing delivers what was committed; a sink that does not come to an end is broken off', async (t) => {
  const { store, clock, start } = setUp(t);
  const runner = start();
  const [slow, stuck] = [new FakeSink('slow', 1), new FakeSink('stuck')];
  stuck.answer = (_events, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new SinkError('broken off')));
    });
  runner.add(slow);
  runner.add(stuck);
  commit(store, 5);
  const closed = runner.close();
  await clock.advance(4999);
  assert.deepEqual(slow.taken, range(1, 5));
  assert.equal(store.sinkPosition('slow'), 5);
  await clock.advance(1);
  await closed;
  assert.equal(store.sinkPosition('stuck'), 0);
  // With the next start it gets them.
  const next = start();
  const again = new FakeSink('stuck');
  next.add(again);
  await settle();
  assert.deepEqual(again.taken, range(1, 5));
  await next.close();
});

test('a sink that is removed is broken off, and goes on from its place when it is added again', async (t) => {
  const { store, start } = setUp(t);
  const runner = start();
  const sink = new FakeSink();
  runner.add(sink);
  commit(store, 1);
  await settle();
  sink.answer = (_events, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  commit(store, 1);
  await settle();
  await runner.remove('fake');
  await runner.remove('never');
  const again = new FakeSink();
  runner.add(again);
  await settle();
  assert.deepEqual(again.taken, [2]);
  await runner.close();
});

test('whatever fails, whenever the server ends: every event is taken, and first ones come in order', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('commit', 'fail', 'half', 'ok', 'wait', 'restart', 'crash'), {
        minLength: 5,
        maxLength: 40,
      }),
      async (steps) => {
        const { store, clock, start } = setUp(t);
        const first = new Map<number, number>();
        let answer: 'ok' | 'fail' | 'half' = 'ok';
        const makeSink = (): EventSink => ({
          name: 'sink',
          batchSize: 3,
          deliver: async (events) => {
            // Half of a batch may have come through when it fails.
            const through = answer === 'ok' ? events : answer === 'half' ? events.slice(0, 1) : [];
            for (const { seq } of through) if (!first.has(seq)) first.set(seq, first.size);
            if (answer !== 'ok') throw new SinkError('down');
          },
        });
        let runner = start();
        runner.add(makeSink());
        for (const step of steps) {
          if (step === 'commit') commit(store, 4);
          else if (step === 'wait') await clock.advance(700);
          else if (step === 'restart') {
            await Promise.all([runner.close(), clock.advance(5000)]);
            runner = start();
            runner.add(makeSink());
          } else if (step === 'crash') {
            // The old one delivers no more, and its place is the one that was kept before.
            const kept = store.sinkPosition('sink') as number;
            await runner.remove('sink');
            store.setSinkPosition('sink', kept);
            runner = start();
            runner.add(makeSink());
          } else answer = step;
          await settle();
        }
        answer = 'ok';
        await clock.advance(120_000);
        assert.deepEqual([...first.keys()], range(1, store.lastSeq));
        await runner.close();
      },
    ),
    { numRuns: 25 },
  );
});
