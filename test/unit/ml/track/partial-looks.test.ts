import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../../../../ml/geometry/box.ts';
import { createTracker } from '../../../../ml/track/buffered-tracker.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../../ml/track/label-groups.ts';
import { frameAt } from '../../../support/frames.ts';

const PARKED = { label: 'car', score: 0.6, box: [0.1, 0.6, 0.2, 0.2] as const };
const walkerAt = (x: number) => ({
  label: 'person',
  score: 0.6,
  box: [x, 0.2, 0.05, 0.2] as [number, number, number, number],
});
const UPPER: Box = [0, 0, 1, 0.5];

function tracker() {
  return createTracker(
    { minScore: 0.35, confirmHits: 2, timeoutSeconds: 5, groups: DEFAULT_LABEL_GROUPS },
    'x',
  );
}

test('what nobody looked at is where it was, however long others are looked at', () => {
  const one = tracker();
  for (const timeMs of [0, 200]) one.observe([PARKED, walkerAt(0.1)], frameAt(timeMs));
  for (let i = 1; i <= 100; i++) {
    const { objects, departed } = one.observe([walkerAt(0.1 + i * 0.005)], frameAt(200 + i * 200), [UPPER]);
    assert.deepEqual(objects.map(({ label }) => label).sort(), ['car', 'person']);
    assert.deepEqual(objects.find(({ label }) => label === 'car')?.box, [...PARKED.box]);
    assert.deepEqual(departed, []);
  }
  // It is found again as the same one, and missed where it was looked for.
  const again = one.observe([PARKED], frameAt(20_400));
  assert.equal(again.objects.length, 1);
  assert.equal(new Set(again.objects.map(({ trackId }) => trackId)).size, 1);
});

test('what was looked for and not found leaves after the timeout', () => {
  const one = tracker();
  for (const timeMs of [0, 200]) one.observe([PARKED, walkerAt(0.1)], frameAt(timeMs));
  const left: string[] = [];
  for (let timeMs = 400; timeMs <= 6000; timeMs += 200) {
    left.push(...one.observe([], frameAt(timeMs), [UPPER]).departed.map(({ label }) => label));
  }
  assert.deepEqual(left, ['person']);
});

test('an object of which a look shows a part only is not missed', () => {
  const one = tracker();
  for (const timeMs of [0, 200]) one.observe([PARKED], frameAt(timeMs));
  const { objects } = one.observe([], frameAt(400), [[0, 0, 0.2, 1]]);
  assert.equal(objects.length, 1);
  assert.equal(one.observe([], frameAt(600), [[0, 0.5, 0.4, 0.5]]).objects.length, 0);
});
