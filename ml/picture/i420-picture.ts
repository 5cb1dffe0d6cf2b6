import type { Box } from '../geometry/box.ts';
import type { Picture } from './picture.ts';
import { PictureError } from './picture-error.ts';
import { cellTaps, cutAtEdges, tapsOf } from './sampling.ts';

/** What the numbers of a picture mean as colour. */
export interface ColorFormat {
  /** `limited`: luma from 16 to 235, chroma from 16 to 240; `full`: 0 to 255. */
  readonly range: 'limited' | 'full';
  readonly matrix: 'bt601' | 'bt709';
}

/** What cameras send when they say nothing. */
export const DEFAULT_COLOR: ColorFormat = { range: 'limited', matrix: 'bt601' };

export interface I420Planes {
  /** Pixels. Chroma planes have half of them, rounded up, each way. */
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** Bytes from one row to the next. */
  readonly yStride: number;
  readonly uvStride: number;
  readonly color?: ColorFormat;
}

/** Red, green and blue of luma and chroma: the columns of the matrix that differ by standard (ITU-R BT.601 §2.5, BT.709 §3). */
const MATRICES = {
  bt601: { redOfV: 1.402, greenOfU: -0.344136, greenOfV: -0.714136, blueOfU: 1.772 },
  bt709: { redOfV: 1.5748, greenOfU: -0.187324, greenOfV: -0.468124, blueOfU: 1.8556 },
} as const;

/** Brightness (0 to 255) of luma in the limited range. */
const BRIGHTNESS = Uint8ClampedArray.from({ length: 256 }, (_, luma) => ((luma - 16) * 255) / 219);

/** A picture as decoders put it out: planes of luma and of quartered chroma. The planes are read, never copied or changed. */
export class I420Picture implements Picture {
  readonly width: number;
  readonly height: number;
  readonly color: ColorFormat;
  readonly #planes: I420Planes;

  /** Throws PictureError `bad-media` for planes that are too short for their size. */
  constructor(planes: I420Planes) {
    const { width, height, y, u, v, yStride, uvStride } = planes;
    const chromaWidth = (width + 1) >> 1;
    const chromaBytes = uvStride * (((height + 1) >> 1) - 1) + chromaWidth;
    if (!(width > 0 && height > 0) || yStride < width || uvStride < chromaWidth) {
      throw new PictureError(
        'bad-media',
        `a picture of ${width}x${height}, rows of ${yStride} and ${uvStride} bytes`,
      );
    }
    if (y.length < yStride * (height - 1) + width || u.length < chromaBytes || v.length < chromaBytes) {
      throw new PictureError(
        'bad-media',
        `planes of ${y.length}, ${u.length} and ${v.length} bytes for ${width}x${height}`,
      );
    }
    this.width = width;
    this.height = height;
    this.color = planes.color ?? DEFAULT_COLOR;
    this.#planes = planes;
  }

  /** Planes one after the other, without padding. Throws PictureError `bad-media` when there is less than they need. */
  static packed(
    bytes: Uint8Array,
    width: number,
    height: number,
    color: ColorFormat = DEFAULT_COLOR,
  ): I420Picture {
    const uvStride = (width + 1) >> 1;
    const lumaBytes = width * height;
    const chromaBytes = uvStride * ((height + 1) >> 1);
    return new I420Picture({
      width,
      height,
      y: bytes.subarray(0, lumaBytes),
      u: bytes.subarray(lumaBytes, lumaBytes + chromaBytes),
      v: bytes.subarray(lumaBytes + chromaBytes, lumaBytes + 2 * chromaBytes),
      yStride: width,
      uvStride,
      color,
    });
  }

  sampleRgb(region: Box, target: Float32Array, width: number, height: number, offset = 0): void {
    const { y, u, v, yStride, uvStride } = this.#planes;
    const [left, top, across, down] = cutAtEdges(region);
    const start = { x: left * this.width, y: top * this.height };
    const length = { x: across * this.width, y: down * this.height };
    const columns = tapsOf({ start: start.x, length: length.x, count: width, size: this.width });
    const rows = tapsOf({ start: start.y, length: length.y, count: height, size: this.height });
    // Chroma lies between two rows, and on the left one of two columns (H.264 annex E.2.1, chroma_loc 0: what nearly all send).
    const chromaColumns = tapsOf({
      start: start.x / 2 + 0.25,
      length: length.x / 2,
      count: width,
      size: (this.width + 1) >> 1,
    });
    const chromaRows = tapsOf({
      start: start.y / 2,
      length: length.y / 2,
      count: height,
      size: (this.height + 1) >> 1,
    });
    const { first: x0s, second: x1s, share: xShares } = columns;
    const { first: c0s, second: c1s, share: cShares } = chromaColumns;
    const isLimited = this.color.range === 'limited';
    const lumaZero = isLimited ? 16 : 0;
    const lumaScale = isLimited ? 255 / 219 : 1;
    const chromaScale = isLimited ? 255 / 224 : 1;
    const matrix = MATRICES[this.color.matrix];
    const redOfV = matrix.redOfV * chromaScale;
    const greenOfU = matrix.greenOfU * chromaScale;
    const greenOfV = matrix.greenOfV * chromaScale;
    const blueOfU = matrix.blueOfU * chromaScale;

    let out = offset;
    for (let row = 0; row < height; row++) {
      const y0 = (rows.first[row] as number) * yStride;
      const y1 = (rows.second[row] as number) * yStride;
      const yShare = rows.share[row] as number;
      const uv0 = (chromaRows.first[row] as number) * uvStride;
      const uv1 = (chromaRows.second[row] as number) * uvStride;
      const uvShare = chromaRows.share[row] as number;
      for (let column = 0; column < width; column++) {
        const x0 = x0s[column] as number;
        const x1 = x1s[column] as number;
        const xShare = xShares[column] as number;
        const c0 = c0s[column] as number;
        const c1 = c1s[column] as number;
        const cShare = cShares[column] as number;
        const luma = (between(y, y0, y1, x0, x1, xShare, yShare) - lumaZero) * lumaScale;
        const blueness = between(u, uv0, uv1, c0, c1, cShare, uvShare) - 128;
        const redness = between(v, uv0, uv1, c0, c1, cShare, uvShare) - 128;
        target[out] = clamp(luma + redOfV * redness);
        target[out + 1] = clamp(luma + greenOfU * blueness + greenOfV * redness);
        target[out + 2] = clamp(luma + blueOfU * blueness);
        out += 3;
      }
    }
  }

  /** Four samples a cell (detection.md §5: 0.2 ms a frame for 160x90). */
  sampleLuma(target: Uint8Array, columns: number, rows: number): void {
    const { y, yStride } = this.#planes;
    const xs = cellTaps(columns, this.width);
    const ys = cellTaps(rows, this.height);
    const isLimited = this.color.range === 'limited';
    let out = 0;
    for (let row = 0; row < rows; row++) {
      const y0 = (ys[2 * row] as number) * yStride;
      const y1 = (ys[2 * row + 1] as number) * yStride;
      for (let column = 0; column < columns; column++) {
        const x0 = xs[2 * column] as number;
        const x1 = xs[2 * column + 1] as number;
        const mean =
          ((y[y0 + x0] as number) +
            (y[y0 + x1] as number) +
            (y[y1 + x0] as number) +
            (y[y1 + x1] as number) +
            2) >>
          2;
        target[out++] = isLimited ? (BRIGHTNESS[mean] as number) : mean;
      }
    }
  }
}

/** Bilinear, in one plane. */
function between(
  plane: Uint8Array,
  row0: number,
  row1: number,
  x0: number,
  x1: number,
  xShare: number,
  yShare: number,
): number {
  const upper = plane[row0 + x0] as number;
  const lower = plane[row1 + x0] as number;
  const above = upper + ((plane[row0 + x1] as number) - upper) * xShare;
  const below = lower + ((plane[row1 + x1] as number) - lower) * xShare;
  return above + (below - above) * yShare;
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}
