import type { Box } from '../geometry/box.ts';

/**
 * A decoded picture as detectors see it: nothing of it is copied but what they ask for, at the size that they ask for
 * (detection.md §4: one loop from I420 to the input of a model is four times cheaper than any library's resize).
 */
export interface Picture {
  /** Pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  /**
   * Stretches `region` into `target`: `width` x `height` pixels of R, G, B, 0 to 255, bilinear, row by row from `offset` on.
   * The region is cut at the edges of the picture.
   */
  sampleRgb(region: Box, target: Float32Array, width: number, height: number, offset?: number): void;
  /** Mean brightness (0 to 255) of a grid over the whole picture, row by row. */
  sampleLuma(target: Uint8Array, columns: number, rows: number): void;
}
