import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DetectionEvent, EventType } from '../../../../ml/events/detection-event.ts';
import { isWanted } from '../../../../server/detection/event-filter.ts';
import type { EventQuery } from '../../../../server/detection/event-store.ts';
import type { SqliteEventStore } from '../../../../server/detection/sqlite-event-store.ts';
import { eventOf, idOf, openStore, T0 } from './support/events.ts';

const MODELS = ['centernet', 'yolo'].map((name) => ({ name, sha256: 'ab'.repeat(32) }));

const anyEvent: fc.Arbitrary<DetectionEvent> = fc
  .record({
    stream: fc.constantFrom('a', 'b', 'c'),
    watch: fc.constantFrom('live', 'live', 'job:1'),
    type: fc.constantFrom<EventType>('object', 'object', 'zone', 'line', 'camera'),
    phase: fc.constantFrom('enter' as const, 'update' as const, 'leave' as const),
    ms: fc.integer({ min: 0, max: 12 }),
    labels: fc.constantFrom(['person', 'person'], ['car', 'vehicle'], ['bus', 'vehicle'], []),
    zones: fc.subarray(['door', 'yard']),
    track: fc.constantFrom('t1', 't2'),
    score: fc.constantFrom(0.3, 0.5, 0.9),
    model: fc.constantFrom(...MODELS),
    salt: fc.integer(),
  })
  .map(({ stream, watch, type, phase, ms, labels: [label, group], zones, track, score, model, salt }) => {
    const {
      phase: _,
      label: __,
      group: ___,
      trackId: ____,
      ...base
    } = eventOf({
      stream,
      watch,
      type,
      model,
      score,
      producerMs: T0 + ms,
      frameOffsetMs: salt,
      zones,
    });
    return {
      ...base,
      ...(type === 'object' || type === 'zone' ? { phase } : {}),
      ...(label === undefined || group === undefined ? {} : { label, group, trackId: idOf(track) }),
    };
  });

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });

const anyQuery: fc.Arbitrary<EventQuery> = fc
  .record({
    streams: maybe(fc.subarray(['a', 'b', 'nowhere'])),
    types: maybe(fc.subarray<EventType>(['object', 'zone', 'line', 'camera'], { minLength: 1 })),
    phases: maybe(fc.subarray(['enter', 'update', 'leave'], { minLength: 1 })),
    labels: maybe(fc.subarray(['person', 'vehicle', 'car', 'cat'], { minLength: 1 })),
    zones: maybe(fc.subarray(['door', 'yard', 'attic'], { minLength: 1 })),
    trackId: maybe(fc.constantFrom('t1', 't2').map(idOf)),
    model: maybe(fc.constantFrom('centernet', 'yolo')),
    minScore: maybe(fc.constantFrom(0.4, 0.8)),
    fromMs: maybe(fc.integer({ min: T0, max: T0 + 10 })),
    toMs: maybe(fc.integer({ min: T0, max: T0 + 10 })),
    isFromArchive: maybe(fc.boolean()),
  })
  .map((query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)));

/** What a query says, read as plainly as can be. */
function wants(query: EventQuery, event: DetectionEvent): boolean {
  const words = [event.label, event.group];
  return (
    (query.streams?.includes(event.stream) ?? true) &&
    (query.types?.includes(event.type) ?? true) &&
    (query.phases?.includes(event.phase ?? '') ?? true) &&
    (query.labels?.some((label) => words.includes(label)) ?? true) &&
    (query.zones?.some((zone) => event.zones?.includes(zone) || event.zone === zone) ?? true) &&
    (query.trackId === undefined || query.trackId === event.trackId) &&
    (query.model === undefined || query.model === event.model.name) &&
    (query.minScore === undefined || (event.score ?? 0) >= query.minScore) &&
    event.producerMs >= (query.fromMs ?? 0) &&
    event.producerMs < (query.toMs ?? Number.POSITIVE_INFINITY) &&
    (query.isFromArchive === undefined || query.isFromArchive === event.watch.startsWith('job:'))
  );
}

function allPages(store: SqliteEventStore, query: EventQuery, limit: number, order: 'newest' | 'oldest') {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = store.search(query, { limit, order, ...(cursor === undefined ? {} : { cursor }) });
    assert.ok(page.events.length <= limit);
    ids.push(...page.events.map(({ event }) => event.id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}

test('a search finds what its query says, in order, page by page', (t) => {
  const { store } = openStore(t);
  const events = fc.sample(
    fc.uniqueArray(anyEvent, { selector: ({ id }) => id, minLength: 250, maxLength: 300 }),
    {
      numRuns: 1,
      seed: 7,
    },
  )[0] as DetectionEvent[];
  const seqs = new Map<string, number>();
  for (const event of events) {
    const [stored] = store.commit({ stream: event.stream, watch: event.watch, events: [event] });
    seqs.set(event.id, stored?.seq ?? 0);
  }
  const place = ({ producerMs, id }: DetectionEvent) => producerMs * 1000 + (seqs.get(id) ?? 0);
  fc.assert(
    fc.property(anyQuery, fc.integer({ min: 1, max: 20 }), fc.boolean(), (query, limit, isNewest) => {
      const expected = events.filter((event) => wants(query, event)).sort((a, b) => place(a) - place(b));
      if (isNewest) expected.reverse();
      const found = allPages(store, query, limit, isNewest ? 'newest' : 'oldest');
      assert.deepEqual(
        found,
        expected.map(({ id }) => id),
      );
      const one = new Set(events.filter((event) => isWanted(query, event)).map(({ id }) => id));
      assert.deepEqual(one, new Set(found), 'those that come one by one are judged alike');
    }),
    { numRuns: 150 },
  );
  fc.assert(
    fc.property(anyQuery, fc.constantFrom(3, 5), (query, binMs) => {
      const expected = new Map<number, Record<string, number>>();
      for (const event of events) {
        if (
          event.type !== 'object' ||
          event.phase !== 'enter' ||
          event.group === undefined ||
          !wants(query, event)
        )
          continue;
        const startMs = Math.floor(event.producerMs / binMs) * binMs;
        const counts = expected.get(startMs) ?? {};
        counts[event.group] = (counts[event.group] ?? 0) + 1;
        expected.set(startMs, counts);
      }
      const found = new Map(store.counts(query, binMs).map(({ startMs, counts }) => [startMs, counts]));
      assert.deepEqual(found, expected);
    }),
  );
});

test('bins come in order and start at multiples of their length', (t) => {
  const { store } = openStore(t);
  const at = (ms: number, group: string) => eventOf({ producerMs: T0 + ms, group });
  const events = [at(61_000, 'person'), at(0.5, 'person'), at(10, 'vehicle'), at(59_999.5, 'person')];
  store.commit({ stream: 'cam', watch: 'live', events });
  const startMs = Math.floor(T0 / 60_000) * 60_000;
  assert.equal(startMs, T0 - (T0 % 60_000));
  assert.deepEqual(
    store
      .counts({}, 60_000)
      .reduce((sum, { counts }) => sum + Object.values(counts).reduce((a, b) => a + b), 0),
    4,
  );
  assert.deepEqual(store.counts({ fromMs: T0, toMs: T0 + 20 }, 60_000), [
    { startMs, counts: { person: 1, vehicle: 1 } },
  ]);
});

test('a search that finds nothing answers soon, with where to go on', (t) => {
  const { store } = openStore(t);
  const events = Array.from({ length: 6000 }, (_, i) => eventOf({ producerMs: T0 + i, score: 0.4 }));
  store.commit({ stream: 'cam', watch: 'live', events });
  const rare = eventOf({ producerMs: T0 + 1, score: 0.9 });
  store.commit({ stream: 'cam', watch: 'live', events: [rare] });
  const first = store.search({ minScore: 0.8 }, { limit: 10, order: 'newest' });
  assert.deepEqual(first.events, []);
  assert.ok(first.cursor !== undefined);
  assert.deepEqual(allPages(store, { minScore: 0.8 }, 10, 'newest'), [rare.id]);
});

test('a cursor that was not given, or belongs to the other order, is refused', (t) => {
  const { store } = openStore(t);
  store.commit({ stream: 'cam', watch: 'live', events: [eventOf(), eventOf({ producerMs: T0 + 1 })] });
  const { cursor } = store.search({}, { limit: 1, order: 'newest' });
  for (const bad of [
    '',
    'newest_1',
    'newest_x_1',
    `${cursor} `,
    "newest_1_1'; DROP TABLE events",
    'newest_1e9_1',
  ]) {
    assert.throws(() => store.search({}, { limit: 1, order: 'newest', cursor: bad }), RangeError, bad);
  }
  assert.throws(() => store.search({}, { limit: 1, order: 'oldest', cursor: cursor ?? '' }), RangeError);
});

test('every search goes along an index, and sorts nothing', (t) => {
  const { store } = openStore(t);
  const queries: EventQuery[] = [
    {},
    { labels: ['person'] },
    { zones: ['door'], labels: ['person'], minScore: 0.5 },
    { types: ['line', 'dwell'] },
    { phases: ['enter'] },
    { types: ['object'], phases: ['update'], model: 'm' },
    { trackId: idOf('t'), isFromArchive: false },
  ];
  for (const query of queries) {
    for (const order of ['newest', 'oldest'] as const) {
      const plan = store.explain(query, order);
      const text = `${JSON.stringify(query)} ${order}: ${plan.join('; ')}`;
      assert.ok(!plan.some((step) => step.includes('TEMP B-TREE')), text);
      assert.ok(!plan.some((step) => /^SCAN (?!json_each)/.test(step)), text);
      assert.match(plan[0] ?? '', /^SEARCH [et] USING .*(producer_ms>\?|producer_ms<\?)/, text);
    }
  }
});
