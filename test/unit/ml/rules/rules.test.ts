import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box, Point } from '../../../../ml/geometry/box.ts';
import type { RuleEvent, Rules, RulesSettings } from '../../../../ml/rules/rules.ts';
import { createRules } from '../../../../ml/rules/track-rules.ts';
import type { DepartedObject, TrackerUpdate } from '../../../../ml/track/tracker.ts';
import type { TrackedObject } from '../../../../ml/watch/observed.ts';
import { type LineSettings, watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import { frameAt } from '../../../support/frames.ts';

/** The right half of the picture. */
const YARD = {
  name: 'yard',
  polygon: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ] as Point[],
};
/** Upwards through the middle, in the upper half: who goes to the right crosses it from its left to its right. */
const GATE: LineSettings = { name: 'gate', from: [0.5, 0.6], to: [0.5, 0] };
const WIDTH = 0.1;
const HEIGHT = 0.2;
const STEP_MS = 200;

type Move = {
  readonly x: number;
  readonly y?: number;
  readonly label?: string;
  readonly isConfirmed?: boolean;
};

function boxAt(x: number, y: number): Box {
  return [x - WIDTH / 2, y - HEIGHT, WIDTH, HEIGHT];
}

function objectOf({ x, y = 0.4, label = 'person', isConfirmed = true }: Move): TrackedObject {
  return {
    trackId: 't',
    label,
    group: label === 'person' ? label : 'vehicle',
    score: 0.5,
    topScore: 0.5,
    box: boxAt(x, y),
    isConfirmed,
    trackConfidence: 1,
    enteredMs: 0,
  };
}

/** Walks one object through the rules, 200 ms a step; the frame of each event as the number of its step. */
class Walk {
  readonly told: (RuleEvent & { readonly step: number })[] = [];
  zones: readonly string[] = [];
  #rules: Rules;
  #settings: RulesSettings;
  #step = -1;
  #last: TrackedObject | undefined;

  constructor(settings: Partial<RulesSettings>) {
    this.#settings = { zones: [], lines: [], ...settings };
    this.#rules = createRules(this.#settings);
  }

  go(...moves: readonly (number | Move)[]): this {
    for (const move of moves) {
      this.#last = objectOf(typeof move === 'number' ? { x: move } : move);
      this.#apply('look', [this.#last]);
    }
    return this;
  }

  hold(steps: number): this {
    for (let step = 0; step < steps; step++) this.#apply('hold', this.#last ? [this.#last] : []);
    return this;
  }

  depart(lastStep: number, reason: DepartedObject['reason'] = 'gone'): this {
    assert.ok(this.#last);
    return this.#apply('look', [], [{ ...this.#last, lastFrame: frameAt(lastStep * STEP_MS), reason }]);
  }

  restart(settings: Partial<RulesSettings> = {}): this {
    this.#settings = { ...this.#settings, ...settings };
    this.#rules = createRules(this.#settings, JSON.parse(JSON.stringify(this.#rules.state())));
    assert.equal(this.#rules.restoration, 'restored');
    return this;
  }

  /** What was told, shortly: `zone enter @3`. */
  get words(): string[] {
    return this.told.map((event) => {
      const what = event.type === 'line' ? event.direction : event.type === 'zone' ? event.phase : '';
      return `${event.type} ${what} @${event.step}`.replace('  ', ' ');
    });
  }

  #apply(kind: TrackerUpdate['kind'], objects: TrackedObject[], departed: DepartedObject[] = []): this {
    this.#step++;
    const elapsedMs = this.#step * STEP_MS;
    const found = new Set(kind === 'look' ? objects.map(({ trackId }) => trackId) : []);
    const update = { kind, frame: frameAt(elapsedMs), elapsedMs, objects, found, departed, refused: 0 };
    for (const { zones, events } of this.#rules.apply(update).values()) {
      this.zones = zones;
      for (const event of events) {
        const step = (event.at.frame.producerMs - frameAt(0).producerMs) / STEP_MS;
        this.told.push({ ...event, step });
      }
    }
    return this;
  }
}

test('a zone is entered in the first frame in it, and left in the first frame outside', () => {
  const walk = new Walk({ zones: [YARD] }).go(0.3, 0.45, 0.52, 0.6, 0.499, 0.498, 0.4, 0.3);
  assert.deepEqual(walk.words, ['zone enter @2', 'zone leave @4']);
  const [, left] = walk.told;
  assert.ok(left?.type === 'zone' && left.phase === 'leave');
  assert.equal(left.dwellMs, 2 * STEP_MS);
  assert.deepEqual(left.at.box, boxAt(0.499, 0.4));
});

test('who walks along the edge goes in once', () => {
  const jitter = Array.from({ length: 30 }, (_, step) => 0.5 + (step % 2 === 0 ? 0.008 : -0.008));
  const walk = new Walk({ zones: [YARD] }).go(0.4, ...jitter);
  assert.deepEqual(walk.words, ['zone enter @1']);
  assert.deepEqual(walk.zones, ['yard'], 'it is in it until it has left');
});

test('who comes back from the edge left when he went for good', () => {
  const walk = new Walk({ zones: [YARD] }).go(0.6, 0.495, 0.6, 0.495, 0.4);
  assert.deepEqual(walk.words, ['zone enter @0', 'zone leave @3']);
});

test('an object is in a zone by the middle of its lower edge, not by its box', () => {
  const low = {
    name: 'street',
    polygon: [
      [0, 0.5],
      [1, 0.5],
      [1, 1],
      [0, 1],
    ] as Point[],
  };
  const walk = new Walk({ zones: [low] }).go({ x: 0.5, y: 0.45 }, { x: 0.5, y: 0.55 });
  assert.deepEqual(walk.words, ['zone enter @1']);
});

test('who departs leaves his zones, in the frame in which he was last seen', () => {
  const walk = new Walk({ zones: [YARD] }).go(0.6, 0.7, 0.8).restart().depart(2);
  assert.deepEqual(walk.words, ['zone enter @0', 'zone leave @2']);
  assert.deepEqual(walk.zones, ['yard']);
  const [, left] = walk.told;
  assert.ok(left?.type === 'zone' && left.phase === 'leave');
  assert.deepEqual([left.reason, left.dwellMs], ['gone', 2 * STEP_MS]);
});

test('dwelling is told once a stay, also of somebody who stands still, and counts from his first frame in the zone', () => {
  const zone = { ...YARD, dwellSeconds: 1 };
  const walk = new Walk({ zones: [zone] }).go({ x: 0.6, isConfirmed: false }, 0.6, 0.6).hold(10);
  assert.deepEqual(walk.words, ['zone enter @1', 'dwell @5']);
  walk.restart().hold(5).go(0.3, 0.6).hold(5);
  assert.deepEqual(walk.words.slice(2), ['zone leave @18', 'zone enter @19', 'dwell @24']);
});

test('only those that a zone or a line is for count', () => {
  const walk = new Walk({
    zones: [{ ...YARD, labels: ['vehicle'] }],
    lines: [{ ...GATE, labels: ['car'] }],
  });
  assert.deepEqual(walk.go(0.3, 0.7, 0.3).words, []);
  const drive = new Walk({
    zones: [{ ...YARD, labels: ['car'] }],
    lines: [{ ...GATE, labels: ['vehicle'] }],
  });
  const moves = [0.3, 0.7, 0.8, 0.3].map((x, step) => ({ x, label: step === 2 ? 'truck' : 'car' }));
  assert.deepEqual(drive.go(...moves).words, [
    'line left-to-right @1',
    'zone enter @1',
    'line right-to-left @3',
    'zone leave @3',
  ]);
});

test('a zone that is taken away is left; its line is forgotten', () => {
  const walk = new Walk({ zones: [YARD], lines: [GATE] })
    .go(0.7, 0.7)
    .restart({ zones: [], lines: [] })
    .go(0.7);
  assert.deepEqual(walk.words, ['zone enter @0', 'zone leave @2']);
  assert.deepEqual(walk.go(0.3).depart(3).words.length, 2);
});

test('a line is crossed in the first frame on its other side, in a direction', () => {
  assert.deepEqual(new Walk({ lines: [GATE] }).go(0.3, 0.45, 0.55, 0.7).words, ['line left-to-right @2']);
  assert.deepEqual(new Walk({ lines: [GATE] }).go(0.7, 0.55, 0.5, 0.45, 0.2).words, [
    'line right-to-left @3',
  ]);
  assert.deepEqual(new Walk({ lines: [GATE] }).go(0.3, 0.7, 0.3, 0.7).words, [
    'line left-to-right @1',
    'line right-to-left @2',
    'line left-to-right @3',
  ]);
});

test('who jitters on a line crosses it once, or not at all if he turns back', () => {
  const jitter = Array.from({ length: 31 }, (_, step) => 0.5 + (step % 2 === 0 ? 0.005 : -0.005));
  const over = new Walk({ lines: [GATE] }).go(0.3, ...jitter, 0.7);
  assert.deepEqual(over.words, ['line left-to-right @31'], 'the last time that it went over');
  assert.deepEqual(new Walk({ lines: [GATE] }).go(0.3, ...jitter, 0.3).words, []);
});

test('who goes round the end of a line has not crossed it', () => {
  const round = [0.3, 0.45, 0.55, 0.7].map((x) => ({ x, y: 0.8 }));
  assert.deepEqual(new Walk({ lines: [GATE] }).go(...round).words, []);
  assert.deepEqual(new Walk({ lines: [GATE] }).go(...round, 0.7, 0.3).words, ['line right-to-left @5']);
});

test('a crossing by one who is not believed yet is told when he is, with the frame in which it was', () => {
  const moves = [0.3, 0.55, 0.7].map((x) => ({ x, isConfirmed: false }));
  const walk = new Walk({ lines: [GATE] }).go(...moves);
  assert.deepEqual(walk.words, []);
  assert.deepEqual(walk.restart().go(0.8).words, ['line left-to-right @1']);
});

test('who was last seen just behind a line has crossed it', () => {
  const walk = new Walk({ lines: [GATE] }).go(0.3, 0.45, 0.505).restart();
  assert.deepEqual(walk.words, []);
  assert.deepEqual(walk.depart(2).words, ['line left-to-right @2']);
});

test('objects that were never believed do nothing', () => {
  const walk = new Walk({ zones: [YARD], lines: [GATE] });
  const moves = [0.3, 0.7, 0.3, 0.7].map((x) => ({ x, isConfirmed: false }));
  assert.deepEqual(walk.go(...moves).depart(3).words, []);
});

test('a state that is none is rejected', () => {
  const settings = { zones: [], lines: [] };
  assert.equal(createRules(settings).restoration, 'none');
  for (const bad of [null, 1, {}, { version: 2, tracks: [] }, { version: 1, tracks: [{ id: 't' }] }]) {
    assert.equal(createRules(settings, bad).restoration, 'rejected');
  }
});

test('two zones of one camera have two names', () => {
  assert.equal(watchSettingsSchema.safeParse({ zones: [YARD, YARD] }).success, false);
  assert.equal(watchSettingsSchema.safeParse({ lines: [GATE, GATE] }).success, false);
  assert.equal(
    watchSettingsSchema.safeParse({ zones: [YARD], lines: [{ ...GATE, name: 'yard' }] }).success,
    true,
  );
});
