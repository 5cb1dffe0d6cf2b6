import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Detection } from '../../../../ml/detect/detection.ts';
import { type DetectionEvent, detectionEventSchema } from '../../../../ml/events/detection-event.ts';
import { roundBox, roundScore } from '../../../../ml/events/make-event.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';
import { frameAt } from '../../../support/frames.ts';
import { type Happening, playScene, requirePhases } from './scene-rig.ts';

/** Random sequences: three objects that wander, flicker and change their labels, gates that close, cameras that are away, clocks that leap. */

const actor = fc.record({
  isFound: fc.boolean(),
  dx: fc.integer({ min: -12, max: 12 }),
  dy: fc.integer({ min: -4, max: 4 }),
  score: fc.integer({ min: 20, max: 90 }),
  label: fc.constantFrom('person', 'car', 'truck'),
});
const moment = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('look' as const) },
    { weight: 3, arbitrary: fc.constant('hold' as const) },
    { weight: 1, arbitrary: fc.constantFrom('gap' as const, 'leap' as const, 'end' as const) },
  ),
  stepMs: fc.constantFrom(40, 200, 200, 200, 500, 2000),
  actors: fc.tuple(actor, actor, actor),
  isRestart: fc.boolean(),
  /** So many frames are offered again after this one. */
  again: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
  ),
});
const sequence = fc.array(moment, { minLength: 1, maxLength: 50 });

interface Played {
  readonly happenings: readonly Happening[];
  /** The same, where frames come again. */
  readonly stuttered: readonly Happening[];
}

function direct(moments: readonly (typeof moment extends fc.Arbitrary<infer M> ? M : never)[]): Played {
  const places: [number, number][] = [
    [0.2, 0.4],
    [0.5, 0.6],
    [0.8, 0.9],
  ];
  let timeMs = 0;
  let leapMs = 0;
  const happenings: Happening[] = [];
  const stuttered: Happening[] = [];
  for (const { kind, stepMs, actors, again } of moments) {
    timeMs += kind === 'gap' ? 100_000 : stepMs;
    if (kind === 'leap') leapMs += stepMs < 500 ? -50_000 : 50_000;
    const at = frameAt(timeMs);
    const frame: FrameRef = { ...at, producerMs: at.producerMs + leapMs };
    const detections = actors.flatMap(({ isFound, dx, dy, score, label }, index): Detection[] => {
      const [x, y] = places[index] ?? [0, 0];
      const place: [number, number] = [within(x + dx / 200), within(y + dy / 200)];
      places[index] = place;
      const box = [place[0] - 0.05, place[1] - 0.2, 0.1, 0.2] as const;
      // The first is what it is; the others are called by all names.
      return isFound ? [{ label: index === 0 ? 'person' : label, score: score / 100, box }] : [];
    });
    happenings.push(
      kind === 'hold' || kind === 'end' ? { kind, frame } : { kind: 'look', detections, frame },
    );
    const repeated = again === 0 ? [] : happenings.slice(-again).filter((each) => each.kind !== 'end');
    stuttered.push(...happenings.slice(-1), ...repeated);
  }
  return { happenings, stuttered };
}

function within(value: number): number {
  return Math.min(0.95, Math.max(0.05, value));
}

/** So many sequences that all kinds of events come up often. */
const RUNS = { numRuns: 300 };

test('each track has one enter, its updates and one leave; zones alternate; nothing is left open at the end', () => {
  const types = new Set<string>();
  fc.assert(
    fc.property(sequence, (moments) => {
      const { happenings } = direct(moments);
      const last = happenings.at(-1);
      assert.ok(last);
      const events = playScene([...happenings, { kind: 'end', frame: last.frame }]);
      for (const { type, phase } of events) types.add(`${type} ${phase ?? ''}`);
      assert.deepEqual(requirePhases(events), []);
      for (const event of events) assert.deepEqual(detectionEventSchema.parse(event), event);
    }),
    RUNS,
  );
  assert.deepEqual([...types].toSorted(), [
    'dwell ',
    'line ',
    'object enter',
    'object leave',
    'object update',
    'zone enter',
    'zone leave',
  ]);
});

test('restarts at any frames change nothing; neither do frames that come again', () => {
  fc.assert(
    fc.property(sequence, (moments) => {
      const { happenings, stuttered } = direct(moments);
      const events = playScene(happenings);
      assert.deepEqual(playScene(happenings), events, 'the same frames give the same events');
      assert.deepEqual(
        playScene(happenings, { restartsAt: (index) => moments[index]?.isRestart ?? false }),
        events,
      );
      assert.deepEqual(playScene(stuttered), events);
      assert.deepEqual(playScene(stuttered, { restartsAt: () => true }), events);
    }),
    RUNS,
  );
});

test('the order in which a model tells what it found does not matter', () => {
  fc.assert(
    fc.property(sequence, (moments) => {
      const { happenings } = direct(moments);
      const turned = happenings.map((each) =>
        each.kind === 'look' ? { ...each, detections: each.detections.toReversed() } : each,
      );
      assert.deepEqual(playScene(turned), playScene(happenings));
    }),
    RUNS,
  );
});

test('an event names the frame in which it happened: what it says of it is what was found there', () => {
  fc.assert(
    fc.property(sequence, (moments) => {
      const { happenings } = direct(moments);
      const looks = new Map(happenings.map((each) => [keyOf(each.frame), each]));
      for (const event of playScene(happenings)) {
        const happening = looks.get(`${event.fragmentNumber}+${event.frameOffsetMs}`);
        assert.ok(happening, 'a frame that was offered');
        assert.equal(event.producerMs, happening.frame.producerMs);
        assert.equal(event.serverMs, happening.frame.serverMs);
        // Who dwells may be told of in a frame in which nothing moved.
        if (happening.kind !== 'look') assert.equal(event.type, 'dwell');
        else requireFound(event, happening.detections);
      }
    }),
    RUNS,
  );
});

function keyOf({ fragmentNumber, offsetMs }: FrameRef): string {
  return `${fragmentNumber}+${offsetMs}`;
}

function requireFound(event: DetectionEvent, detections: readonly Detection[]): void {
  const found = detections.find(
    ({ box, score }) => String(roundBox(box)) === String(event.box) && roundScore(score) === event.score,
  );
  assert.ok(found, `${event.type} ${event.phase ?? ''}: box and score of its frame`);
  const foot = found.box[0] + found.box[2] / 2;
  if (event.type === 'zone' && event.zone === 'yard' && event.reason === undefined) {
    assert.equal(foot >= 0.5, event.phase === 'enter', `zone ${event.phase} at ${foot}`);
  }
  if (event.type === 'line') assert.equal(foot > 0.5, event.direction === 'left-to-right');
}
