import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Box, Point } from '../../../../ml/geometry/box.ts';
import { isInRegions, shareInside } from '../../../../server/processors/regions.ts';

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

test('an object counts when more than half of it is in a region', () => {
  const left = { box: [0, 0, 0.5, 1] as const };
  assert.ok(isInRegions([0.2, 0.2, 0.5, 0.5], [left]));
  assert.ok(!isInRegions([0.25, 0.2, 0.5, 0.5], [left]), 'half is not more than half');
  assert.ok(isInRegions([0.7, 0, 0.1, 0.1], [left, { box: [0.6, 0, 0.4, 0.4] }]), 'any of them');
  assert.ok(isInRegions([0.7, 0, 0.1, 0.1], []), 'no regions: everything');
  assert.ok(!isInRegions([0.1, 0.1, 0, 0], [left]), 'nothing is nowhere');
});

test('polygons, by cases worked by hand', () => {
  const triangle = {
    polygon: [
      [0, 0],
      [1, 0],
      [0, 1],
    ] as Point[],
  };
  near(shareInside([0, 0, 1, 1], triangle), 0.5);
  near(shareInside([0, 0, 0.5, 0.5], triangle), 1);
  near(shareInside([0.5, 0.5, 0.5, 0.5], triangle), 0);
  near(shareInside([0.25, 0.25, 0.5, 0.5], triangle), 0.5);
  // Concave: an L, its notch at the lower right.
  const corner = {
    polygon: [
      [0, 0],
      [1, 0],
      [1, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [0, 1],
    ] as Point[],
  };
  near(shareInside([0, 0, 1, 1], corner), 0.75);
  near(shareInside([0.25, 0.25, 0.5, 0.5], corner), 0.75);
  near(shareInside([0.6, 0.6, 0.2, 0.2], corner), 0);
});

// Of pictures: nothing is thinner than a part of a pixel.
const fraction = fc.integer({ min: 0, max: 4096 }).map((number) => number / 4096);
const box = fc
  .tuple(fraction, fraction, fraction, fraction)
  .map(([left, top, width, height]): Box => [left, top, width, height]);

test('a rectangle drawn as a polygon, either way round, is that rectangle', () => {
  fc.assert(
    fc.property(box, box, (object, region) => {
      const [left, top, width, height] = region;
      const corners: Point[] = [
        [left, top],
        [left + width, top],
        [left + width, top + height],
        [left, top + height],
      ];
      const asBox = shareInside(object, { box: region });
      for (const polygon of [corners, corners.toReversed()]) {
        assert.ok(Math.abs(shareInside(object, { polygon }) - asBox) < 1e-6);
      }
    }),
  );
});
