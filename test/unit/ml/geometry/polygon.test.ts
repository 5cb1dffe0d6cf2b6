import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Point } from '../../../../ml/geometry/box.ts';
import { distanceToOutline, isInPolygon } from '../../../../ml/geometry/polygon.ts';

const SQUARE: readonly Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.8],
  [0.2, 0.8],
];
/** A C: the notch is outside. */
const NOTCHED: readonly Point[] = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.3],
  [0.4, 0.3],
  [0.4, 0.7],
  [0.9, 0.7],
  [0.9, 0.9],
  [0.1, 0.9],
];
const UNIT = { x: 1, y: 1 };

test('a point is in a polygon or not, also in one with a notch, whichever way round it was drawn', () => {
  for (const polygon of [NOTCHED, NOTCHED.toReversed()]) {
    assert.equal(isInPolygon([0.2, 0.5], polygon), true);
    assert.equal(isInPolygon([0.7, 0.5], polygon), false);
    assert.equal(isInPolygon([0.7, 0.2], polygon), true);
    assert.equal(isInPolygon([0.95, 0.2], polygon), false);
  }
});

test('a point on an edge that two polygons share is in exactly one of them', () => {
  const left: readonly Point[] = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ];
  const right: readonly Point[] = [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ];
  for (const y of [0.1, 0.5, 0.9]) {
    assert.equal(Number(isInPolygon([0.5, y], left)) + Number(isInPolygon([0.5, y], right)), 1);
  }
});

test('distances are measured to the nearest edge, in the units of each axis', () => {
  assert.equal(distanceToOutline([0.3, 0.5], SQUARE, UNIT).toFixed(6), '0.100000');
  assert.equal(distanceToOutline([0.3, 0.5], SQUARE, { x: 0.05, y: 1 }).toFixed(6), '0.300000');
  assert.equal(distanceToOutline([0.9, 1.2], SQUARE, UNIT).toFixed(6), '0.500000');
});

test('in a rectangle is who is between its sides', () => {
  const number = fc.double({ min: -0.5, max: 1.5, noNaN: true });
  fc.assert(
    fc.property(number, number, (x, y) => {
      fc.pre(distanceToOutline([x, y], SQUARE, UNIT) > 1e-9);
      assert.equal(isInPolygon([x, y], SQUARE), x > 0.2 && x < 0.6 && y > 0.2 && y < 0.8);
    }),
  );
});
