import { type Box, overlapArea, type Point } from '../../ml/geometry/box.ts';
import type { ProcessorRegion } from '../catalog/processor-catalog.ts';

/**
 * "A word, face, or label is included in the region if it is more than half in that region. If there is more than one region, [it]
 * is compared with all regions of the screen" (RegionOfInterest). Without regions everything counts.
 */
export function isInRegions(box: Box, regions: readonly ProcessorRegion[]): boolean {
  return regions.length === 0 || regions.some((region) => shareInside(box, region) > 0.5);
}

/** The share of a box that lies in a region, 0 to 1. */
export function shareInside(box: Box, region: ProcessorRegion): number {
  const area = box[2] * box[3];
  if (area <= 0) return 0;
  const inside =
    'box' in region ? overlapArea(box, region.box) : Math.abs(signedArea(cutAt(region.polygon, box)));
  return Math.min(1, inside / area);
}

/** What of a polygon lies in a box (Sutherland and Hodgman 1974): cut at one edge of the box after the other. */
function cutAt(polygon: readonly Point[], [left, top, width, height]: Box): readonly Point[] {
  const afterLeft = cutAtLine(polygon, 0, (x) => x - left);
  const afterRight = cutAtLine(afterLeft, 0, (x) => left + width - x);
  const afterTop = cutAtLine(afterRight, 1, (y) => y - top);
  return cutAtLine(afterTop, 1, (y) => top + height - y);
}

/** `depth`: of a coordinate behind the line; what is in front, below 0, goes. */
function cutAtLine(points: readonly Point[], axis: 0 | 1, depth: (coordinate: number) => number): Point[] {
  const kept: Point[] = [];
  let previous = points.at(-1);
  for (const point of points) {
    const to = depth(point[axis]);
    const from = previous === undefined ? to : depth(previous[axis]);
    if (previous !== undefined && from < 0 !== to < 0)
      kept.push(between(previous, point, from / (from - to)));
    if (to >= 0) kept.push(point);
    previous = point;
  }
  return kept;
}

function between(from: Point, to: Point, share: number): Point {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
}

function signedArea(points: readonly Point[]): number {
  let doubled = 0;
  let previous = points.at(-1);
  for (const point of points) {
    if (previous !== undefined) doubled += previous[0] * point[1] - point[0] * previous[1];
    previous = point;
  }
  return doubled / 2;
}
