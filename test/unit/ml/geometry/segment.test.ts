import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Point } from '../../../../ml/geometry/box.ts';
import {
  distanceToLine,
  distanceToSegment,
  doSegmentsMeet,
  sideOf,
} from '../../../../ml/geometry/segment.ts';

test('left and right are those of one who looks along the line; y grows downwards', () => {
  assert.ok(sideOf([0.5, 0.2], [0, 0.5], [1, 0.5]) < 0, 'above a line to the right is left of it');
  assert.ok(sideOf([0.5, 0.8], [0, 0.5], [1, 0.5]) > 0);
  assert.ok(sideOf([0.2, 0.5], [0.5, 1], [0.5, 0]) < 0, 'left of a line upwards');
  assert.equal(sideOf([0.3, 0.5], [0, 0.5], [1, 0.5]), 0);
});

test('ways that cross or touch meet; ways past each other, and along each other, do not', () => {
  const from: Point = [0.5, 0.2];
  const to: Point = [0.5, 0.8];
  assert.equal(doSegmentsMeet([0.2, 0.5], [0.8, 0.5], from, to), true);
  assert.equal(doSegmentsMeet([0.5, 0.5], [0.8, 0.5], from, to), true, 'from the line itself');
  assert.equal(doSegmentsMeet([0.2, 0.8], [0.8, 0.8], from, to), true, 'through its end');
  assert.equal(doSegmentsMeet([0.2, 0.9], [0.8, 0.9], from, to), false, 'round its end');
  assert.equal(doSegmentsMeet([0.2, 0.5], [0.4, 0.5], from, to), false);
  assert.equal(doSegmentsMeet([0.5, 0.3], [0.5, 0.6], from, to), false);
});

test('meeting does not depend on which way round the ways are', () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(point, point, point, point, (a, b, c, d) => {
      const meet = doSegmentsMeet(a, b, c, d);
      assert.equal(doSegmentsMeet(b, a, c, d), meet);
      assert.equal(doSegmentsMeet(a, b, d, c), meet);
    }),
  );
});

test('distances are in the units given; a line of no length is a point', () => {
  assert.equal(distanceToLine([0.5, 0.4], [0, 0.5], [1, 0.5], { x: 1, y: 0.2 }).toFixed(6), '0.500000');
  assert.equal(distanceToLine([3, 0.4], [0, 0.5], [1, 0.5], { x: 1, y: 1 }).toFixed(6), '0.100000');
  assert.equal(distanceToSegment([3, 0.5], [0, 0.5], [1, 0.5], { x: 1, y: 1 }), 2);
  assert.equal(distanceToLine([0.3, 0.4], [0, 0], [0, 0], { x: 1, y: 1 }), 0.5);
  assert.equal(distanceToSegment([0.3, 0.4], [0, 0], [0, 0], { x: 1, y: 1 }), 0.5);
});
