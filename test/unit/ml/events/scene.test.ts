import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detection } from '../../../../ml/detect/detection.ts';
import { eventId } from '../../../../ml/events/event-id.ts';
import { createScene, type SceneState } from '../../../../ml/events/scene.ts';
import type { Box } from '../../../../ml/geometry/box.ts';
import { frameAt } from '../../../support/frames.ts';
import { type Happening, playScene, requirePhases, SETTINGS, SOURCE } from './scene-rig.ts';

/** Somebody whose foot is at so much of the width. */
function personAt(x: number, score = 0.6): Detection {
  return { label: 'person', score, box: [x - 0.05, 0.4, 0.1, 0.3] };
}

function look(timeMs: number, ...detections: Detection[]): Happening {
  return { kind: 'look', detections, frame: frameAt(timeMs) };
}

test('somebody walks through the gate into the yard, and is gone', () => {
  const happenings = [0.2, 0.3, 0.4, 0.48, 0.55, 0.65, 0.75].map((x, step) => look(step * 400, personAt(x)));
  for (let timeMs = 2800; timeMs < 6000; timeMs += 400) happenings.push(look(timeMs));
  const events = playScene(happenings);
  const words = events.map(({ type, phase, zone, frameOffsetMs, fragmentNumber }) => {
    const timeMs = Number(fragmentNumber) * 2000 + frameOffsetMs;
    return [type, phase, zone, `@${timeMs}`].filter(Boolean).join(' ');
  });
  assert.deepEqual(words, [
    'object enter @400',
    'zone enter all @400',
    'line @1600',
    'zone enter yard @1600',
    'object update @1600',
    'zone leave yard @2400',
    'zone leave all @2400',
    'object leave @2400',
  ]);
  const [enter, , crossed] = events;
  assert.match(enter?.trackId ?? '', /^[0-9a-hjkmnp-tv-z]{16}$/);
  assert.match(enter?.id ?? '', /^[0-9a-hjkmnp-tv-z]{26}$/);
  assert.deepEqual(enter, {
    schema: 'framelog.detection/1',
    id: enter?.id,
    stream: 'door',
    watch: 'live',
    type: 'object',
    phase: 'enter',
    fragmentNumber: '0'.repeat(47),
    frameOffsetMs: 400,
    producerMs: frameAt(400).producerMs,
    serverMs: frameAt(400).serverMs,
    model: SOURCE.model,
    label: 'person',
    group: 'person',
    score: 0.6,
    topScore: 0.6,
    box: [0.25, 0.4, 0.1, 0.3],
    trackId: enter?.trackId,
    trackConfidence: enter?.trackConfidence,
    enteredMs: frameAt(0).producerMs,
    zones: ['all'],
  });
  assert.equal(crossed?.direction, 'left-to-right');
  assert.equal(crossed?.line, 'gate');
  assert.equal(events.at(-1)?.reason, 'gone');
  assert.deepEqual(events.at(-1)?.zones, ['yard', 'all']);
  assert.equal(events.at(-3)?.dwellMs, 800);
});

test('updates are so far apart as is set, or there are none', () => {
  const happenings = Array.from({ length: 51 }, (_, step) => look(step * 200, personAt(0.2)));
  const updates = (updateSeconds: number) =>
    playScene(happenings, { settings: { ...SETTINGS, updateSeconds } })
      .filter(({ phase }) => phase === 'update')
      .map(({ producerMs }) => producerMs - frameAt(0).producerMs);
  assert.deepEqual(updates(3), [3200, 6200, 9200]);
  assert.deepEqual(updates(0), []);
});

test('of what is held while others are looked at, nothing is told', () => {
  const scene = createScene(SETTINGS, SOURCE);
  const upper: Box = [0, 0, 0.45, 1];
  const events = Array.from({ length: 40 }, (_, step) => {
    const found = step < 2 ? [personAt(0.2), personAt(0.8)] : [personAt(0.2)];
    return scene.observe(found, frameAt(step * 200), step < 2 ? undefined : [upper]).events;
  }).flat();
  const told = Map.groupBy(events, ({ box }) => ((box?.[0] ?? 0) < 0.5 ? 'looked at' : 'held'));
  const words = (who: 'held' | 'looked at') =>
    new Set(told.get(who)?.map(({ type, phase }) => `${type} ${phase ?? ''}`.trim()));
  assert.deepEqual(words('looked at'), new Set(['object enter', 'zone enter', 'object update']));
  assert.deepEqual(words('held'), new Set(['object enter', 'zone enter', 'dwell']));
});

test('what two watches, streams, models or frames say has ids of its own', () => {
  const happenings = [look(0, personAt(0.2)), look(200, personAt(0.2)), look(400, personAt(0.2))];
  const idsOf = (source: typeof SOURCE) =>
    playScene(happenings, { source }).map(({ id, trackId }) => `${id} ${trackId}`);
  const ids = [
    SOURCE,
    { ...SOURCE, watch: 'job:1' },
    { ...SOURCE, stream: 'yard' },
    { ...SOURCE, model: { name: 'scripted', sha256: '6'.repeat(64) } },
  ].flatMap(idsOf);
  assert.equal(new Set(ids).size, ids.length);
  const key = { ...SOURCE, type: 'camera', frame: frameAt(0) } as const;
  assert.notEqual(eventId({ ...key, qualifier: 'ab' }), eventId({ ...key, trackId: 'a', qualifier: 'b' }));
  assert.equal(eventId(key), eventId({ ...key, frame: { ...frameAt(0), offsetMs: 1e-9 } }));
});

test('another model takes over: the tracks of the one before end, and its own begin', () => {
  const scene = createScene(SETTINGS, SOURCE);
  const before = [0, 200].flatMap((timeMs) => scene.observe([personAt(0.7)], frameAt(timeMs)).events);
  const other = { ...SOURCE, model: { name: 'better', sha256: '7'.repeat(64) } };
  const next = createScene(SETTINGS, other, scene.state());
  const after = [400, 600].flatMap((timeMs) => next.observe([personAt(0.7)], frameAt(timeMs)).events);
  assert.deepEqual(
    after.map(({ type, phase, reason }) => [type, phase, reason].filter(Boolean).join(' ')),
    [
      'zone leave ended',
      'zone leave ended',
      'object leave ended',
      'object enter',
      'zone enter',
      'zone enter',
    ],
  );
  assert.equal(requirePhases([...before, ...after]).length, 1);
});

test('a state of which a part is bad is not gone on with at all', () => {
  const scene = createScene(SETTINGS, SOURCE);
  scene.observe([personAt(0.7)], frameAt(0));
  const state = scene.state();
  assert.equal(createScene(SETTINGS, SOURCE, state).restoration, 'restored');
  const { tracker, rules, events } = state;
  const bad: SceneState[] = [
    { tracker: null, rules, events },
    { tracker, rules: { version: 9 }, events },
    { tracker, rules, events: 'x' },
    { tracker: undefined, rules, events },
  ];
  for (const each of bad) {
    const next = createScene(SETTINGS, SOURCE, each);
    assert.equal(next.restoration, 'rejected');
    assert.equal(next.observe([personAt(0.7)], frameAt(0)).objects.length, 1, 'the frame is no repetition');
  }
});

test('nothing is kept of what has left', () => {
  const scene = createScene(SETTINGS, SOURCE);
  for (let step = 0; step < 10; step++) scene.observe([personAt(0.3 + step * 0.05)], frameAt(step * 200));
  assert.equal(tracksOf(scene.state()), 3);
  for (let step = 10; step < 30; step++) scene.observe([], frameAt(step * 200));
  assert.equal(tracksOf(scene.state()), 0);
});

/** In all parts of a state. */
function tracksOf(state: SceneState): number {
  const parts = Object.values(state) as { readonly tracks: readonly unknown[] }[];
  return parts.reduce((sum, { tracks }) => sum + tracks.length, 0);
}

test('a crowd is followed, restored and told of within the bounds', () => {
  const crowd = Array.from({ length: 300 }, (_, index): Detection => {
    const box: Box = [(index % 20) / 20, Math.floor(index / 20) / 20, 0.03, 0.03];
    return { label: 'person', score: 0.5, box };
  });
  const scene = createScene(SETTINGS, SOURCE);
  scene.observe(crowd, frameAt(0));
  const { events, objects, refused } = scene.observe(crowd, frameAt(200));
  assert.deepEqual([objects.length, refused], [256, 44]);
  assert.equal(events.filter(({ type, phase }) => type === 'object' && phase === 'enter').length, 256);
  assert.equal(createScene(SETTINGS, SOURCE, scene.state()).restoration, 'restored');
});
