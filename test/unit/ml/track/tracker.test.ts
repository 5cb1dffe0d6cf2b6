import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detection } from '../../../../ml/detect/detection.ts';
import type { Box } from '../../../../ml/geometry/box.ts';
import { createTracker, MAX_TRACKS, weakestScore } from '../../../../ml/track/buffered-tracker.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../../ml/track/label-groups.ts';
import type { Tracker, TrackerSettings } from '../../../../ml/track/tracker.ts';
import { frameAt } from '../../../support/frames.ts';

const SETTINGS: TrackerSettings = {
  minScore: 0.35,
  confirmHits: 2,
  timeoutSeconds: 5,
  groups: DEFAULT_LABEL_GROUPS,
};
const PARKED: Box = [0.3, 0.4, 0.2, 0.2];
const ELSEWHERE: Box = [0.7, 0.1, 0.05, 0.2];

function see(label: string, box: Box, score = 0.6): Detection {
  return { label, score, box };
}

function begin(settings: Partial<TrackerSettings> = {}, state?: unknown): Tracker {
  return createTracker({ ...SETTINGS, ...settings }, 'door', state);
}

/** Frames five times a second, from the one after `fromMs` on. */
function ticking(fromMs: number) {
  let timeMs = fromMs;
  return {
    next: () => {
      timeMs += 200;
      return frameAt(timeMs);
    },
    timeMs: () => timeMs,
  };
}

/** Restarts it: what is kept is JSON. */
function restart(tracker: Tracker): Tracker {
  return begin({}, JSON.parse(JSON.stringify(tracker.state())));
}

test('a track is confirmed by its second hit, keeps its id, and leaves after the timeout, naming when it was last seen', () => {
  const tracker = begin();
  const [first] = tracker.observe([see('person', PARKED)], frameAt(0)).objects;
  assert.equal(first?.isConfirmed, false);
  const [second] = tracker.observe([see('person', PARKED, 0.7)], frameAt(200)).objects;
  assert.deepEqual(
    { ...second, trackConfidence: undefined },
    {
      trackId: first?.trackId,
      label: 'person',
      group: 'person',
      score: 0.7,
      topScore: 0.7,
      box: PARKED,
      isConfirmed: true,
      trackConfidence: undefined,
      enteredMs: frameAt(0).producerMs,
    },
  );
  const clock = ticking(200);
  let { departed } = tracker.observe([], clock.next());
  while (departed.length === 0) departed = tracker.observe([], clock.next()).departed;
  assert.equal(clock.timeMs(), 5200);
  assert.deepEqual(departed[0]?.lastFrame, frameAt(200));
  assert.equal(departed[0]?.reason, 'gone');
  assert.equal(departed[0]?.trackId, first?.trackId);
});

test('weak detections go on with a track, but neither begin nor confirm one', () => {
  const tracker = begin();
  assert.equal(tracker.observe([see('person', PARKED, 0.25)], frameAt(0)).objects.length, 0);
  tracker.observe([see('person', PARKED)], frameAt(200));
  const [weak] = tracker.observe([see('person', PARKED, 0.25)], frameAt(400)).objects;
  assert.equal(weak?.isConfirmed, false);
  assert.equal(weak?.score, 0.25);
  assert.equal(tracker.observe([see('person', PARKED)], frameAt(600)).objects[0]?.isConfirmed, true);
  for (let timeMs = 800; timeMs < 20_000; timeMs += 200) {
    const update = tracker.observe([see('person', PARKED, 0.25)], frameAt(timeMs));
    assert.deepEqual([update.objects.length, update.departed.length], [1, 0]);
  }
  assert.ok(Math.abs(weakestScore(0.35) - 0.21) < 1e-9);
});

test('what was seen once and not again is forgotten after three looks', () => {
  const tracker = begin();
  tracker.observe([see('person', PARKED)], frameAt(0));
  const departed = [200, 400, 600].map((timeMs) => tracker.observe([], frameAt(timeMs)).departed);
  assert.deepEqual(
    departed.map((each) => each.length),
    [0, 0, 1],
  );
  assert.equal(departed[2]?.[0]?.isConfirmed, false);
});

test('nothing grows older while nobody looks, and a miss at a heartbeat counts as one look', () => {
  const tracker = begin();
  tracker.observe([see('car', PARKED)], frameAt(0));
  tracker.observe([see('car', PARKED)], frameAt(200));
  const clock = ticking(200);
  for (let heartbeat = 1; heartbeat <= 3; heartbeat++) {
    for (let held = 0; held < 24; held++) {
      const update = tracker.hold(clock.next());
      assert.equal(update.departed.length, 0);
      assert.equal(update.objects.length, heartbeat === 1 ? 1 : 0);
    }
    const { departed } = tracker.observe([], clock.next());
    assert.equal(departed.length, heartbeat === 3 ? 1 : 0);
  }
});

test('whoever was found again has the whole timeout again', () => {
  const tracker = begin();
  tracker.observe([see('person', PARKED)], frameAt(0));
  for (let step = 1; step < 200; step++) {
    const found = step % 20 === 1 ? [see('person', PARKED)] : [];
    assert.equal(tracker.observe(found, frameAt(step * 200)).departed.length, 0);
  }
});

test('what moved stands where it was seen last when nothing moves any more', () => {
  const tracker = begin();
  const driven: Box = [0.3, 0.4, 0.1, 0.1];
  for (let step = 0; step < 6; step++)
    tracker.observe([see('car', [step * 0.06, 0.4, 0.1, 0.1])], frameAt(step * 200));
  for (let step = 6; step < 100; step++) tracker.hold(frameAt(step * 200));
  const { objects } = tracker.observe([see('car', driven)], frameAt(20_000));
  assert.deepEqual(
    objects.map(({ isConfirmed }) => isConfirmed),
    [true],
  );
});

test('a parked car goes on over an hour in which nobody looked, and over a restart', () => {
  const tracker = begin();
  tracker.observe([see('car', PARKED)], frameAt(0));
  const [before] = tracker.observe([see('car', PARKED)], frameAt(200)).objects;
  const update = restart(tracker).observe([see('truck', [0.31, 0.4, 0.2, 0.21])], frameAt(3_600_000));
  assert.equal(update.departed.length, 0);
  assert.equal(update.objects[0]?.trackId, before?.trackId);
});

test('after a gap something beside the old place is something else, and what is gone leaves as ever', () => {
  const tracker = begin();
  tracker.observe([see('person', PARKED)], frameAt(0));
  const [before] = tracker.observe([see('person', PARKED)], frameAt(200)).objects;
  const after = restart(tracker);
  const [other] = after.observe([see('person', [0.42, 0.4, 0.2, 0.2])], frameAt(600_000)).objects;
  assert.notEqual(other?.trackId, before?.trackId);
  const clock = ticking(600_000);
  const look = () => after.observe([], clock.next()).departed.filter((each) => each.isConfirmed);
  let departed = look();
  while (departed.length === 0) departed = look();
  assert.deepEqual(
    departed.map(({ trackId }) => trackId),
    [before?.trackId],
  );
  const lookedMs = clock.timeMs() - 600_000;
  assert.ok(lookedMs > 3000 && lookedMs < 4000, 'the gap counts a third of the timeout');
});

test('frames that are ten seconds apart all the time have no gaps', () => {
  const tracker = begin();
  const ids = new Set<string | undefined>();
  for (let look = 0; look < 6; look++) {
    const { objects } = tracker.observe(
      [see('person', [0.3 + look * 0.1, 0.4, 0.1, 0.3])],
      frameAt(look * 10_000),
    );
    if (look > 0) ids.add(objects[0]?.trackId);
  }
  assert.equal(ids.size, 1);
});

test('a frame that comes again changes nothing', () => {
  const tracker = begin();
  tracker.observe([see('person', PARKED)], frameAt(1000));
  tracker.observe([see('person', PARKED)], frameAt(1200));
  const state = tracker.state();
  for (const timeMs of [1200, 1000, 800]) {
    const update = tracker.observe([see('dog', ELSEWHERE)], frameAt(timeMs));
    assert.equal(update.kind, 'repeat');
    assert.equal(tracker.hold(frameAt(timeMs)).kind, 'repeat');
  }
  assert.deepEqual(tracker.state(), state);
});

test("a producer's clock that is set back or leaps neither ends nor doubles a track", () => {
  for (const leapMs of [-3_600_000, 3_600_000]) {
    const tracker = begin();
    tracker.observe([see('car', PARKED)], frameAt(0));
    const [before] = tracker.observe([see('car', PARKED)], frameAt(200)).objects;
    for (let timeMs = 400; timeMs < 10_000; timeMs += 200) {
      const frame = frameAt(timeMs);
      const update = tracker.observe([see('car', PARKED)], {
        ...frame,
        producerMs: frame.producerMs + leapMs,
      });
      assert.deepEqual([update.kind, update.departed.length], ['look', 0]);
      assert.equal(update.objects[0]?.trackId, before?.trackId);
    }
  }
});

test('a stream that was made anew, with fragments that are numbered from the beginning, is no repetition', () => {
  const tracker = begin();
  tracker.observe([see('car', PARKED)], frameAt(100_000));
  const frame = {
    ...frameAt(0),
    producerMs: frameAt(200_000).producerMs,
    serverMs: frameAt(200_000).serverMs,
  };
  assert.equal(tracker.observe([see('car', PARKED)], frame).kind, 'look');
});

test('an object is called what its detections were surest of, and a van never becomes two', () => {
  const tracker = begin();
  const labels = ['truck', 'car', 'car', 'truck', 'car', 'car'];
  let label: string | undefined;
  const ids = new Set<string | undefined>();
  for (const [index, each] of labels.entries()) {
    const both = [see(each, PARKED, 0.5), see('bus', [0.3, 0.4, 0.2, 0.21], 0.4)];
    const { objects } = tracker.observe(both, frameAt(index * 200));
    assert.equal(objects.length, 1);
    label = objects[0]?.label;
    ids.add(objects[0]?.trackId);
    assert.equal(objects[0]?.group, 'vehicle');
  }
  assert.equal(label, 'car');
  assert.equal(ids.size, 1);
});

test('a person in front of a car is not the car', () => {
  const tracker = begin();
  const { objects } = tracker.observe([see('person', PARKED), see('car', PARKED)], frameAt(0));
  const later = tracker.observe([see('car', PARKED, 0.4), see('person', PARKED, 0.9)], frameAt(200)).objects;
  const idsOf = (list: typeof objects) => Object.fromEntries(list.map((each) => [each.group, each.trackId]));
  assert.deepEqual(idsOf(later), idsOf(objects));
});

test('confidence falls with the time between frames, and where two come into question', () => {
  const lone = (stepMs: number): number => {
    const tracker = begin();
    let confidence = 0;
    for (let look = 0; look < 8; look++) {
      const box: Box = [0.1 + look * 0.03, 0.4, 0.1, 0.3];
      confidence =
        tracker.observe([see('person', box)], frameAt(look * stepMs)).objects[0]?.trackConfidence ?? 0;
    }
    return confidence;
  };
  assert.ok(lone(200) > lone(2000), `${lone(200)} ${lone(2000)}`);
  const close = begin();
  let confidence = 1;
  for (let look = 0; look < 8; look++) {
    const shift = look * 0.03;
    const pair = [see('person', [0.1 + shift, 0.4, 0.1, 0.3]), see('person', [0.15 + shift, 0.41, 0.1, 0.3])];
    confidence = close.observe(pair, frameAt(look * 200)).objects[0]?.trackConfidence ?? 0;
  }
  assert.ok(confidence < lone(200), `${confidence}`);
});

test('everything leaves at the end', () => {
  const tracker = begin();
  tracker.observe([see('car', PARKED)], frameAt(0));
  tracker.observe([see('car', PARKED)], frameAt(200));
  const { departed, objects } = tracker.end(frameAt(200));
  assert.deepEqual([departed.map(({ reason }) => reason), objects], [['ended'], []]);
  assert.equal(tracker.end(frameAt(400)).departed.length, 0);
});

test("another model's tracks end with the first frame", () => {
  const tracker = begin();
  tracker.observe([see('car', PARKED)], frameAt(0));
  const [before] = tracker.observe([see('car', PARKED)], frameAt(200)).objects;
  const other = createTracker(SETTINGS, 'another', tracker.state());
  const again = createTracker(SETTINGS, 'another', other.state());
  const update = again.observe([see('car', PARKED)], frameAt(400));
  assert.deepEqual(
    update.departed.map(({ trackId, reason }) => [trackId, reason]),
    [[before?.trackId, 'ended']],
  );
  assert.notEqual(update.objects[0]?.trackId, before?.trackId);
});

test('so many are followed and no more; what is refused is counted; what is no box is nothing', () => {
  const tracker = begin();
  const crowd = Array.from({ length: MAX_TRACKS + 10 }, (_, index) =>
    see('person', [(index % 20) / 20, Math.floor(index / 20) / 20, 0.02, 0.02]),
  );
  const update = tracker.observe(crowd, frameAt(0));
  assert.deepEqual([update.objects.length, update.refused], [MAX_TRACKS, 10]);
  assert.equal(begin({}, tracker.state()).restoration, 'restored');
  const nonsense = [
    see('person', [0.1, Number.NaN, 0.1, 0.1]),
    see('person', [0.1, 0.1, 0, 0.1]),
    see('person', PARKED, Number.POSITIVE_INFINITY),
  ];
  const empty = begin().observe(nonsense, frameAt(0));
  assert.deepEqual([empty.objects.length, empty.refused], [0, 3]);
});

test('a state that is none is rejected, and the tracker begins anew', () => {
  assert.equal(begin().restoration, 'none');
  assert.equal(begin({}, begin().state()).restoration, 'restored');
  const state = begin().state() as Record<string, unknown>;
  for (const bad of [
    null,
    7,
    'x',
    [],
    {},
    { ...state, version: 2 },
    { ...state, tracks: [{}] },
    { ...state, more: 1 },
  ]) {
    const tracker = begin({}, bad);
    assert.equal(tracker.restoration, 'rejected');
    assert.equal(tracker.observe([see('car', PARKED)], frameAt(0)).objects.length, 1);
  }
});
