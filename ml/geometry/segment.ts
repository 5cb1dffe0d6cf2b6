import type { Point } from './box.ts';

/** Lengths of one unit in x and in y: distances are measured in them, as pictures are no squares and objects have sizes. */
export interface Scale {
  readonly x: number;
  readonly y: number;
}

/**
 * On which side of the endless line from `from` to `to` a point lies: below 0 on the left of one who looks along it, above 0 on
 * the right, 0 on it. (y grows downwards.)
 */
export function sideOf(point: Point, from: Point, to: Point): number {
  return (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]);
}

/** Do the ways from `a` to `b` and from `from` to `to` meet? Touching is meeting; ways along one line do not cross. */
export function doSegmentsMeet(a: Point, b: Point, from: Point, to: Point): boolean {
  const sideA = sideOf(a, from, to);
  const sideB = sideOf(b, from, to);
  if (sideA === sideB || sideA * sideB > 0) return false;
  return sideOf(from, a, b) * sideOf(to, a, b) <= 0;
}

/** Distance of a point from the endless line through two others; from the point where both are one. */
export function distanceToLine(point: Point, from: Point, to: Point, scale: Scale): number {
  const length = Math.hypot((to[0] - from[0]) / scale.x, (to[1] - from[1]) / scale.y);
  if (length === 0) return distance(point, from, scale);
  return Math.abs(sideOf(point, from, to)) / (scale.x * scale.y * length);
}

/** Distance of a point from the way between two others. */
export function distanceToSegment(point: Point, from: Point, to: Point, scale: Scale): number {
  const dx = (to[0] - from[0]) / scale.x;
  const dy = (to[1] - from[1]) / scale.y;
  const squared = dx * dx + dy * dy;
  const along =
    squared === 0
      ? 0
      : (((point[0] - from[0]) / scale.x) * dx + ((point[1] - from[1]) / scale.y) * dy) / squared;
  const share = Math.min(1, Math.max(0, along));
  return distance(point, [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share], scale);
}

function distance(a: Point, b: Point, scale: Scale): number {
  return Math.hypot((a[0] - b[0]) / scale.x, (a[1] - b[1]) / scale.y);
}
