import type { Picture } from '../picture/picture.ts';
import type { FaceQuality } from '../watch/observed.ts';
import type { PixelFace } from './face-geometry.ts';
import { readPatch } from './picture-square.ts';

/** Faces are judged at this many pixels, so that one of 50 and one of 500 can be compared. */
const PIXELS = 64;
/** Detail over contrast of a face in focus. */
const FULL_SHARPNESS = 0.25;

/** Brightness, and detail by contrast; `undefined` for a face outside of the picture. */
export function qualityOf(
  picture: Picture,
  { left, top, width, height }: PixelFace,
): FaceQuality | undefined {
  const patch = readPatch(picture, [left, top, left + width, top + height], PIXELS);
  if (patch === undefined) return undefined;
  const { columns, rows, rgb } = patch;
  const luma = Float32Array.from({ length: columns * rows }, (_, i) => lumaAt(rgb, 3 * i));
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const contrast = Math.sqrt(luma.reduce((sum, value) => sum + (value - mean) ** 2, 0) / luma.length);
  const detail = detailOf(luma, columns, rows) * (Math.max(columns, rows) / PIXELS);
  return {
    brightness: (100 * mean) / 255,
    sharpness: Math.min(100, (100 * detail) / (FULL_SHARPNESS * Math.max(contrast, 1))),
  };
}

/** Root mean square of the Laplacian. */
function detailOf(luma: Float32Array, columns: number, rows: number): number {
  let sum = 0;
  let count = 0;
  for (let y = 1; y < rows - 1; y++) {
    for (let x = 1; x < columns - 1; x++) {
      const i = y * columns + x;
      const around =
        (luma[i - 1] as number) +
        (luma[i + 1] as number) +
        (luma[i - columns] as number) +
        (luma[i + columns] as number);
      sum += (around / 4 - (luma[i] as number)) ** 2;
      count++;
    }
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

/** ITU-R BT.601. */
function lumaAt(rgb: Float32Array, i: number): number {
  return 0.299 * (rgb[i] as number) + 0.587 * (rgb[i + 1] as number) + 0.114 * (rgb[i + 2] as number);
}
