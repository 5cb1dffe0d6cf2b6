import type { Box } from '../../../../ml/geometry/box.ts';

/** Sampling written down as its definition says, pixel by pixel and without tables: what the fast loops are compared with. */

/** Value of a plane at a point (0 is the left or upper edge, 0.5 the middle of the first pixel), its edges repeated outwards. */
export function valueAt(
  plane: {
    readonly width: number;
    readonly height: number;
    readonly pixel: (x: number, y: number) => number;
  },
  x: number,
  y: number,
): number {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  let sum = 0;
  for (const column of [left, left + 1]) {
    for (const row of [top, top + 1]) {
      const share = (1 - Math.abs(x - 0.5 - column)) * (1 - Math.abs(y - 0.5 - row));
      sum += share * plane.pixel(inside(column, plane.width), inside(row, plane.height));
    }
  }
  return sum;
}

/** The middle of pixel (column, row) of a region that is stretched to width x height, as fractions of the picture. */
export function middleOf(
  [left, top, across, down]: Box,
  column: number,
  row: number,
  width: number,
  height: number,
) {
  const right = Math.min(left + across, 1);
  const bottom = Math.min(top + down, 1);
  const x0 = Math.max(left, 0);
  const y0 = Math.max(top, 0);
  return {
    x: x0 + ((right - x0) * (column + 0.5)) / width,
    y: y0 + ((bottom - y0) * (row + 0.5)) / height,
  };
}

function inside(index: number, size: number): number {
  return Math.min(Math.max(index, 0), size - 1);
}
