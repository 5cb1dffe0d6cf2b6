import type { Picture } from '../picture/picture.ts';
import { readPatch } from './picture-square.ts';

/** A square that stands upright where the face does: pixels of the picture, turned by `angle` (radians, clockwise as one sees it). */
export interface FaceSquare {
  readonly centerX: number;
  readonly centerY: number;
  readonly side: number;
  readonly angle: number;
}

/** More of the picture than this is not read: twice what the model sees. */
const PATCH_PIXELS = 448;

/** Samples the square into `pixels` x `pixels` of `target`, R, G, B, 0 to 255; beyond the picture its edge is repeated. */
export function sampleAligned(
  picture: Picture,
  square: FaceSquare,
  target: Float32Array,
  pixels: number,
): void {
  const { centerX, centerY, side, angle } = square;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const reach = (side / 2) * (Math.abs(cos) + Math.abs(sin)) + 1;
  const patch = readPatch(
    picture,
    [centerX - reach, centerY - reach, centerX + reach, centerY + reach],
    PATCH_PIXELS,
  );
  target.fill(0);
  if (patch === undefined) return;
  const { rgb, columns, rows } = patch;
  const xScale = columns / patch.width;
  const yScale = rows / patch.height;
  const step = side / pixels;
  let out = 0;
  for (let row = 0; row < pixels; row++) {
    const v = (row + 0.5 - pixels / 2) * step;
    for (let column = 0; column < pixels; column++) {
      const u = (column + 0.5 - pixels / 2) * step;
      const x = clamp((centerX + u * cos - v * sin - patch.left) * xScale - 0.5, columns - 1);
      const y = clamp((centerY + u * sin + v * cos - patch.top) * yScale - 0.5, rows - 1);
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      const right = x0 + 1 < columns ? 3 : 0;
      const below = y0 + 1 < rows ? columns * 3 : 0;
      const xShare = x - x0;
      const yShare = y - y0;
      const at = (y0 * columns + x0) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const upper = rgb[at + channel] as number;
        const lower = rgb[at + below + channel] as number;
        const upperMix = upper + ((rgb[at + right + channel] as number) - upper) * xShare;
        const lowerMix = lower + ((rgb[at + below + right + channel] as number) - lower) * xShare;
        target[out++] = upperMix + (lowerMix - upperMix) * yShare;
      }
    }
  }
}

function clamp(value: number, greatest: number): number {
  return Math.min(Math.max(value, 0), greatest);
}
