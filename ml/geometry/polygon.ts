import type { Point } from './box.ts';
import { distanceToSegment, type Scale } from './segment.ts';

/** Is a point within the outline (even-odd rule, so that an outline that crosses itself has holes)? */
export function isInPolygon([x, y]: Point, polygon: readonly Point[]): boolean {
  let isIn = false;
  for (const [[x1, y1], [x2, y2]] of edgesOf(polygon)) {
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) isIn = !isIn;
  }
  return isIn;
}

/** Distance of a point from the outline. */
export function distanceToOutline(point: Point, polygon: readonly Point[], scale: Scale): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [from, to] of edgesOf(polygon)) {
    least = Math.min(least, distanceToSegment(point, from, to, scale));
  }
  return least;
}

function* edgesOf(polygon: readonly Point[]): Generator<[Point, Point]> {
  let before = polygon.at(-1);
  for (const point of polygon) {
    if (before !== undefined) yield [before, point];
    before = point;
  }
}
