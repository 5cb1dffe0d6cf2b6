import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DetectionEvent } from '../../../../../ml/events/detection-event.ts';
import { PresentObjects } from '../../../../../server/delivery/mqtt/present-objects.ts';
import { countObjects } from '../../../../../server/delivery/mqtt/retained-state.ts';
import { eventOf } from '../../../../integration/delivery/support/events.ts';

const counts = (present: PresentObjects, stream = 'front') =>
  Object.fromEntries(countObjects(present).get(stream)?.labels ?? []);

const zones = (present: PresentObjects) =>
  Object.fromEntries(
    [...(countObjects(present).get('front')?.zones ?? [])].map(([zone, labels]) => [
      zone,
      Object.fromEntries(labels),
    ]),
  );

test('objects come and go; an object counts by its label, its group and among all', () => {
  const present = new PresentObjects();
  present.apply(eventOf({ trackId: 'a' }));
  present.apply(eventOf({ trackId: 'b', label: 'car', group: 'vehicle' }));
  present.apply(eventOf({ trackId: 'c', stream: 'yard' }));
  assert.deepEqual(counts(present), { all: 2, person: 1, car: 1, vehicle: 1 });
  present.apply(eventOf({ trackId: 'a', phase: 'leave' }));
  assert.deepEqual(counts(present), { all: 1, car: 1, vehicle: 1 });
  assert.deepEqual(counts(present, 'yard'), { all: 1, person: 1 });
  present.forget('yard');
  assert.deepEqual(counts(present, 'yard'), {});
});

test('what a processor or a job sees is not counted again', () => {
  const present = new PresentObjects();
  assert.equal(present.apply(eventOf({ watch: 'processor:p' })), undefined);
  assert.equal(present.apply(eventOf({ watch: 'job:1' })), undefined);
  assert.deepEqual(counts(present), {});
});

test('zones change by events of the object and of the zone; all that were entered are remembered', () => {
  const present = new PresentObjects();
  present.apply(eventOf({ zones: ['drive'] }));
  present.apply(eventOf({ type: 'zone', phase: 'enter', zone: 'porch' }));
  assert.deepEqual(zones(present), { drive: { all: 1, person: 1 }, porch: { all: 1, person: 1 } });
  const left = present.apply(eventOf({ type: 'zone', phase: 'leave', zone: 'drive' }));
  assert.deepEqual(zones(present), { porch: { all: 1, person: 1 } });
  assert.deepEqual(left?.after.enteredZones, ['drive', 'porch']);
  present.apply(eventOf({ phase: 'update', zones: [] }));
  assert.deepEqual(zones(present), {});
});

test('an update of an object that nobody knows makes it known; its leave without it ends it', () => {
  const present = new PresentObjects();
  const update = present.apply(eventOf({ phase: 'update', score: 0.6 }));
  assert.deepEqual([update?.type, update?.before.score], ['update', 0.6]);
  assert.deepEqual(counts(present), { all: 1, person: 1 });
  const gone = present.apply(eventOf({ trackId: 'stranger', phase: 'leave' }));
  assert.equal(gone?.type, 'end');
  assert.deepEqual(counts(present), { all: 1, person: 1 });
});

test('events about no object, and about an object that is not there, change nothing', () => {
  const present = new PresentObjects();
  const { trackId: _, ...camera } = eventOf({
    type: 'camera',
    camera: { state: 'degraded', message: 'too slow' },
  });
  assert.equal(present.apply(camera), undefined);
  assert.equal(present.apply(eventOf({ type: 'zone', zone: 'drive' })), undefined);
  assert.equal(present.apply(eventOf({ type: 'line', line: 'gate' })), undefined);
});

test('an unknown face does not take away who it was known to be', () => {
  const present = new PresentObjects();
  const box = [0, 0, 0.1, 0.1] as const;
  present.apply(eventOf());
  present.apply(eventOf({ type: 'face', face: { result: 'known', person: 'Ada', similarity: 0.9, box } }));
  const change = present.apply(eventOf({ type: 'face', face: { result: 'unknown', box } }));
  assert.deepEqual(change?.after.person, { name: 'Ada', similarity: 0.9 });
});

test('more objects than can be are not followed', () => {
  const present = new PresentObjects();
  for (let i = 0; i < 10_050; i++) present.apply(eventOf({ trackId: `t${i}` }));
  assert.equal(counts(present).all, 10_000);
});

/** Any events of a few tracks. */
const histories = fc.array(
  fc.record({
    trackId: fc.constantFrom('a', 'b', 'c'),
    phase: fc.constantFrom('enter' as const, 'update' as const, 'leave' as const),
    label: fc.constantFrom('car', 'truck', 'person'),
    zones: fc.subarray(['x', 'y']),
  }),
  { maxLength: 30 },
);

const followed = (events: readonly DetectionEvent[], present = new PresentObjects()) => {
  for (const event of events) present.apply(event);
  return present;
};

test('a batch that comes twice leads where it led before, and a copy keeps what it was', () => {
  fc.assert(
    fc.property(histories, fc.nat(30), (history, cut) => {
      const events = history.map((members) => eventOf(members));
      const before = followed(events.slice(0, cut));
      const copy = before.copy();
      const batch = events.slice(cut);
      const once = followed(batch, before.copy());
      const twice = followed(batch, followed(batch, before.copy()));
      assert.deepEqual(counts(twice), counts(once));
      assert.deepEqual(zones(twice), zones(once));
      assert.deepEqual([...before], [...copy]);
    }),
  );
});
