import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CatalogError } from '../../../../server/catalog/catalog-error.ts';
import type { StoredEvent } from '../../../../server/detection/event-store.ts';
import { SqliteEventStore } from '../../../../server/detection/sqlite-event-store.ts';
import { eventOf, idOf, openStore, T0 } from './support/events.ts';

const KEEP = { keepFromMs: () => undefined, maxEvents: Number.POSITIVE_INFINITY };

test('events and the state of their watch are stored together, in one order', (t) => {
  const { store, path } = openStore(t);
  const told: StoredEvent[][] = [];
  const stop = store.onCommit((events) => told.push([...events]));
  const [one, two] = [eventOf({ producerMs: T0 + 5 }), eventOf({ producerMs: T0, phase: 'leave' })];
  const stored = store.commit({ stream: 'cam', watch: 'live', events: [one, two], state: { tracks: [1] } });
  assert.deepEqual(stored, [
    { seq: 1, event: one },
    { seq: 2, event: two },
  ]);
  assert.deepEqual(told, [stored]);
  stop();
  assert.deepEqual(store.watchState('cam', 'live'), { tracks: [1] });
  assert.equal(store.watchState('cam', 'processor:p'), undefined);
  assert.equal(store.watchState('door', 'live'), undefined);
  assert.deepEqual(store.event(two.id), { seq: 2, event: two });
  assert.equal(store.event(idOf('another')), undefined);
  // Another process, or the next start, sees the same.
  const again = SqliteEventStore.open(path);
  assert.deepEqual(again.after(0, 10), stored);
  assert.deepEqual([again.lastSeq, again.size], [2, 2]);
  assert.deepEqual(again.watchState('cam', 'live'), { tracks: [1] });
  again.close();
  assert.equal(told.length, 1);
});

test('what is said again is not stored again, and its state is', (t) => {
  const { store } = openStore(t);
  const [one, two] = [eventOf(), eventOf({ producerMs: T0 + 1 })];
  store.commit({ stream: 'cam', watch: 'live', events: [one], state: 1 });
  assert.deepEqual(store.commit({ stream: 'cam', watch: 'live', events: [one], state: 2 }), []);
  const [fresh] = store.commitAll([{ stream: 'cam', watch: 'live', events: [one, two, one, two] }]);
  assert.deepEqual(
    fresh?.map(({ event }) => event),
    [two],
  );
  assert.equal(fresh?.[0]?.seq, 2, 'an event that was refused takes no place');
  assert.equal(store.size, 2);
  assert.equal(store.watchState('cam', 'live'), 2);
  assert.deepEqual(store.watchedStreams('live'), ['cam']);
  store.commit({ stream: 'cam', watch: 'live', events: [], state: null });
  assert.equal(store.watchState('cam', 'live'), undefined);
  assert.deepEqual(store.watchedStreams('live'), []);
});

test('several commits are one: all of it or nothing', (t) => {
  const { store } = openStore(t);
  const bad = {
    ...eventOf({ stream: 'new', score: 0.1 }),
    producerMs: Symbol('no number') as unknown as number,
  };
  assert.throws(() =>
    store.commitAll([
      { stream: 'new', watch: 'live', events: [eventOf({ stream: 'new' })], state: 1 },
      { stream: 'new', watch: 'live', events: [bad] },
    ]),
  );
  assert.deepEqual(
    [store.size, store.lastSeq, store.streams(), store.watchState('new', 'live')],
    [0, 0, [], undefined],
  );
  // The names that were made and taken back are made again.
  store.commit({ stream: 'new', watch: 'live', events: [eventOf({ stream: 'new' })] });
  assert.deepEqual(store.streams(), ['new']);
  assert.equal(store.search({ labels: ['person'] }, { limit: 5, order: 'newest' }).events.length, 1);
});

test('sinks have places of their own', (t) => {
  const { store } = openStore(t);
  assert.equal(store.sinkPosition('mqtt'), undefined);
  store.setSinkPosition('mqtt', 7);
  store.setSinkPosition('mqtt', 8);
  store.setSinkPosition('hook', 0);
  assert.deepEqual([store.sinkPosition('mqtt'), store.sinkPosition('hook')], [8, 0]);
});

test('a place is never given twice, also when the newest events are deleted', (t) => {
  const { store, path } = openStore(t);
  store.commit({ stream: 'cam', watch: 'live', events: [eventOf(), eventOf({ producerMs: T0 + 1 })] });
  assert.equal(store.sweep({ ...KEEP, maxEvents: 0 }, 10), 2);
  const again = SqliteEventStore.open(path);
  assert.equal(again.lastSeq, 2);
  again.close();
  const [stored] = store.commit({ stream: 'cam', watch: 'live', events: [eventOf()] });
  assert.equal(stored?.seq, 3);
});

test('a sweep deletes by server time of each stream, then the oldest of all, in steps', (t) => {
  const { store } = openStore(t);
  const events = ['a', 'b'].flatMap((stream) =>
    [0, 10, 20, 30].map((ms) =>
      eventOf({ stream, producerMs: T0 + ms, serverMs: T0 + 1000 + ms, zones: ['z'] }),
    ),
  );
  for (const event of events) store.commit({ stream: event.stream, watch: 'live', events: [event] });
  const rule = { keepFromMs: (name: string) => (name === 'a' ? T0 + 1020 : undefined), maxEvents: 5 };
  assert.equal(store.sweep(rule, 1), 1);
  assert.equal(store.sweep(rule, 100), 2);
  assert.equal(store.sweep(rule, 100), 0);
  const left = store.after(0, 10).map(({ event }) => [event.stream, event.serverMs - T0 - 1000]);
  assert.deepEqual(left, [
    ['a', 30],
    ['b', 0],
    ['b', 10],
    ['b', 20],
    ['b', 30],
  ]);
  assert.equal(store.size, 5);
  // Nothing of what is gone is found by any index.
  const found = store.search({ zones: ['z'], streams: ['a'] }, { limit: 10, order: 'newest' });
  assert.deepEqual(
    found.events.map(({ event }) => event.serverMs - T0),
    [1030],
  );
});

test('a deleted stream is forgotten at once; one of the same name is another', (t) => {
  const { store } = openStore(t);
  const old = eventOf();
  store.commit({ stream: 'cam', watch: 'live', events: [old], state: 1 });
  store.retire('cam');
  store.retire('never');
  const fresh = eventOf({ producerMs: T0 + 9 });
  store.commit({ stream: 'cam', watch: 'live', events: [fresh] });
  assert.equal(store.watchState('cam', 'live'), undefined);
  assert.equal(store.event(old.id), undefined);
  assert.deepEqual(
    store.after(0, 10).map(({ event }) => event.id),
    [fresh.id],
  );
  const found = store.search({}, { limit: 10, order: 'newest' }).events;
  assert.deepEqual(
    found.map(({ event }) => event.id),
    [fresh.id],
  );
  assert.equal(store.size, 2);
  assert.equal(store.sweep(KEEP, 10), 1);
  assert.equal(store.size, 1);
  assert.deepEqual(store.streams(), ['cam']);
});

test('results of a model over a range go, but those of one watch and of others', async (t) => {
  const { store } = openStore(t);
  const other = { name: 'yolo', sha256: 'cd'.repeat(32) };
  const many = Array.from({ length: 1200 }, (_, i) => eventOf({ producerMs: T0 + i }));
  const kept = [
    eventOf({ producerMs: T0 - 1 }),
    eventOf({ producerMs: T0 + 1200 }),
    eventOf({ producerMs: T0 + 3, model: other }),
    eventOf({ producerMs: T0 + 4, watch: 'job:1' }),
    eventOf({ producerMs: T0 + 5, stream: 'door' }),
  ];
  store.commit({ stream: 'cam', watch: 'live', events: [...many, ...kept.slice(0, 3)] });
  store.commit({ stream: 'cam', watch: 'job:1', events: [kept[3] as (typeof kept)[0]] });
  store.commit({ stream: 'door', watch: 'live', events: [kept[4] as (typeof kept)[0]] });
  const range = { fromMs: T0, toMs: T0 + 1200 };
  assert.equal(await store.deleteResults('cam', 'centernet', range, 'job:1'), 1200);
  assert.equal(await store.deleteResults('cam', 'centernet', range, 'job:1'), 0);
  assert.equal(await store.deleteResults('nowhere', 'centernet', range, 'job:1'), 0);
  assert.deepEqual(
    new Set(store.after(0, 2000).map(({ event }) => event.id)),
    new Set(kept.map(({ id }) => id)),
  );
  assert.equal(store.size, 5);
});

test('what is present at a place: those that had entered and not left, with what was said of them', (t) => {
  const { store } = openStore(t);
  const [a, b, c] = [idOf('a'), idOf('b'), idOf('c')];
  const say = (parts: Parameters<typeof eventOf>[0]) => {
    const event = eventOf({ watch: 'live', ...parts });
    const [stored] = store.commit({ stream: event.stream, watch: event.watch, events: [event] });
    return stored?.seq as number;
  };
  const enterA = say({ trackId: a });
  say({ trackId: a, phase: 'update', producerMs: T0 + 1 });
  const zoneA = say({ trackId: a, type: 'zone', zone: 'door', producerMs: T0 + 2 });
  const updateA = say({ trackId: a, phase: 'update', producerMs: T0 + 3 });
  const enterB = say({ trackId: b, stream: 'door' });
  const leaveA = say({ trackId: a, phase: 'leave', producerMs: T0 + 4 });
  say({ trackId: c, watch: 'processor:p' });
  const seqs = (seq: number) => store.present('live', seq).map((each) => each.seq);
  assert.deepEqual(seqs(store.lastSeq), [enterB]);
  assert.deepEqual(seqs(leaveA - 1), [enterA, zoneA, updateA, enterB]);
  assert.deepEqual(seqs(enterA), [enterA]);
  assert.deepEqual(seqs(0), []);
  store.retire('door');
  assert.deepEqual(seqs(store.lastSeq), []);
});

test("somebody else's database, a damaged one, and one of a later program are refused", (t) => {
  const { store, path } = openStore(t);
  store.commit({ stream: 'cam', watch: 'live', events: [eventOf()] });
  const refused = (file: string, code: string) =>
    assert.throws(
      () => SqliteEventStore.open(file),
      (error: unknown) =>
        error instanceof CatalogError && error.code === code && error.message.includes(file),
    );
  writeFileSync(
    `${path}.text`,
    'this is no database, and long enough to have a header of its own'.repeat(20),
  );
  refused(`${path}.text`, 'damaged');
  const strange = new DatabaseSync(`${path}.strange`);
  strange.exec('CREATE TABLE events (x)');
  strange.close();
  refused(`${path}.strange`, 'damaged');
  const raw = new DatabaseSync(path);
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  refused(path, 'too-new');
});
