/** Where something is in a picture: left, top, width, height, as fractions of the picture. */
export type Box = readonly [left: number, top: number, width: number, height: number];

/** A point in a picture, as fractions of its width and height. */
export type Point = readonly [x: number, y: number];

export const WHOLE_PICTURE: Box = [0, 0, 1, 1];

/** The area that two boxes share. */
export function overlapArea(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union: 1 for equal boxes, 0 for boxes that share nothing. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared = overlapArea(a, b);
  return shared === 0 ? 0 : shared / (a[2] * a[3] + b[2] * b[3] - shared);
}
