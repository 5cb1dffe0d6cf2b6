import type { Box } from '../geometry/box.ts';
import type { Picture } from './picture.ts';
import { PictureError } from './picture-error.ts';
import { cellTaps, cutAtEdges, tapsOf } from './sampling.ts';

/** A picture of R, G, B bytes, row by row without padding: what files are decoded to. The bytes are read, never copied. */
export class RgbPicture implements Picture {
  readonly width: number;
  readonly height: number;
  readonly #rgb: Uint8Array;

  /** Throws PictureError `bad-media` where the bytes are not those of a picture of this size. */
  constructor(rgb: Uint8Array, width: number, height: number) {
    if (!(width > 0 && height > 0) || rgb.length !== width * height * 3) {
      throw new PictureError('bad-media', `${rgb.length} bytes of RGB for ${width}x${height}`);
    }
    this.width = width;
    this.height = height;
    this.#rgb = rgb;
  }

  /** Its bytes, to be read only. */
  get rgb(): Uint8Array {
    return this.#rgb;
  }

  sampleRgb(region: Box, target: Float32Array, width: number, height: number, offset = 0): void {
    const rgb = this.#rgb;
    const stride = this.width * 3;
    const [left, top, across, down] = cutAtEdges(region);
    const columns = tapsOf({
      start: left * this.width,
      length: across * this.width,
      count: width,
      size: this.width,
    });
    const rows = tapsOf({
      start: top * this.height,
      length: down * this.height,
      count: height,
      size: this.height,
    });
    let out = offset;
    for (let row = 0; row < height; row++) {
      const row0 = (rows.first[row] as number) * stride;
      const row1 = (rows.second[row] as number) * stride;
      const yShare = rows.share[row] as number;
      for (let column = 0; column < width; column++) {
        const x0 = (columns.first[column] as number) * 3;
        const x1 = (columns.second[column] as number) * 3;
        const xShare = columns.share[column] as number;
        for (let channel = 0; channel < 3; channel++) {
          const upper = rgb[row0 + x0 + channel] as number;
          const lower = rgb[row1 + x0 + channel] as number;
          const above = upper + ((rgb[row0 + x1 + channel] as number) - upper) * xShare;
          const below = lower + ((rgb[row1 + x1 + channel] as number) - lower) * xShare;
          target[out++] = above + (below - above) * yShare;
        }
      }
    }
  }

  /** Four samples a cell. */
  sampleLuma(target: Uint8Array, columns: number, rows: number): void {
    const xs = cellTaps(columns, this.width);
    const ys = cellTaps(rows, this.height);
    const stride = this.width * 3;
    let out = 0;
    for (let row = 0; row < rows; row++) {
      const y0 = (ys[2 * row] as number) * stride;
      const y1 = (ys[2 * row + 1] as number) * stride;
      for (let column = 0; column < columns; column++) {
        const x0 = (xs[2 * column] as number) * 3;
        const x1 = (xs[2 * column + 1] as number) * 3;
        const sum = this.#luma(y0 + x0) + this.#luma(y0 + x1) + this.#luma(y1 + x0) + this.#luma(y1 + x1);
        target[out++] = Math.round(sum / 4);
      }
    }
  }

  /** ITU-R BT.601: what JPEG is made with. */
  #luma(at: number): number {
    const red = this.#rgb[at] as number;
    const green = this.#rgb[at + 1] as number;
    const blue = this.#rgb[at + 2] as number;
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  }
}
