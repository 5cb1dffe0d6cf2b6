import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gapsBetween } from '../../../../server/web/recorded-gaps.ts';

const range = (startMs: number, endMs: number) => ({ startMs, endMs, run: 0, sizeBytes: 1, fragments: 1 });

test('gaps are what the ranges leave of the question', () => {
  assert.deepEqual(gapsBetween([range(1000, 2000), range(3000, 4000)], 0, 5000), [
    { startMs: 0, endMs: 1000 },
    { startMs: 2000, endMs: 3000 },
    { startMs: 4000, endMs: 5000 },
  ]);
});

test('nothing recorded is one gap, everything recorded is none', () => {
  assert.deepEqual(gapsBetween([], 0, 5000), [{ startMs: 0, endMs: 5000 }]);
  assert.deepEqual(gapsBetween([range(-100, 6000)], 0, 5000), []);
});

test('runs that touch, overlap or miss each other by less than 100 ms leave no gap', () => {
  assert.deepEqual(gapsBetween([range(0, 2000), range(1500, 3000), range(3099, 5000)], 0, 5000), []);
});

test('a range inside an earlier one does not open a gap', () => {
  assert.deepEqual(gapsBetween([range(0, 4000), range(1000, 2000)], 0, 4000), []);
});
