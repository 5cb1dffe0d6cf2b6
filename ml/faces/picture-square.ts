import type { Picture } from '../picture/picture.ts';

/** A square part of a picture, in its pixels; what lies outside of the picture is black. */
export interface PictureSquare {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** A rectangle that is wholly in the picture, in its pixels. */
export interface PicturePatch {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of `rgb`: fewer than of the patch where it was made smaller. */
  readonly columns: number;
  readonly rows: number;
  readonly rgb: Float32Array;
}

/** Reads a part of the picture as it is, or smaller where it has more than `maxPixels` across. */
export function readPatch(
  picture: Picture,
  [left, top, right, bottom]: readonly [left: number, top: number, right: number, bottom: number],
  maxPixels: number,
): PicturePatch | undefined {
  // At whole pixels nothing is interpolated yet.
  const x = clamp(Math.floor(left), picture.width);
  const y = clamp(Math.floor(top), picture.height);
  const width = clamp(Math.ceil(right), picture.width) - x;
  const height = clamp(Math.ceil(bottom), picture.height) - y;
  if (width <= 0 || height <= 0) return undefined;
  const scale = Math.min(1, maxPixels / Math.max(width, height));
  const columns = Math.max(1, Math.round(width * scale));
  const rows = Math.max(1, Math.round(height * scale));
  const rgb = new Float32Array(columns * rows * 3);
  const region = [
    x / picture.width,
    y / picture.height,
    width / picture.width,
    height / picture.height,
  ] as const;
  picture.sampleRgb(region, rgb, columns, rows);
  return { left: x, top: y, width, height, columns, rows, rgb };
}

/** Stretches a square into `pixels` x `pixels` of `target`, R, G, B, 0 to 255. */
export function sampleSquare(
  picture: Picture,
  square: PictureSquare,
  target: Float32Array,
  pixels: number,
): void {
  target.fill(0);
  const { left, top, side } = square;
  const scale = pixels / side;
  // Whole pixels of the target: the first and last whose middle is in the picture.
  const firstColumn = Math.max(0, Math.round(-left * scale));
  const firstRow = Math.max(0, Math.round(-top * scale));
  const columns = Math.min(pixels, Math.round((picture.width - left) * scale)) - firstColumn;
  const rows = Math.min(pixels, Math.round((picture.height - top) * scale)) - firstRow;
  if (columns <= 0 || rows <= 0) return;
  const region = [
    (left + firstColumn / scale) / picture.width,
    (top + firstRow / scale) / picture.height,
    columns / scale / picture.width,
    rows / scale / picture.height,
  ] as const;
  if (columns === pixels) {
    picture.sampleRgb(region, target, columns, rows, firstRow * pixels * 3);
    return;
  }
  const inner = new Float32Array(columns * rows * 3);
  picture.sampleRgb(region, inner, columns, rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns * 3;
    target.set(inner.subarray(start, start + columns * 3), ((firstRow + row) * pixels + firstColumn) * 3);
  }
}

function clamp(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size);
}
