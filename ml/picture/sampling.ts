import type { Box } from '../geometry/box.ts';

/** For each pixel of a stretched row or column: the two source pixels that it lies between, and how much it has of the second. */
export interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float64Array;
}

/** A stretch along one axis of a plane. */
export interface Stretch {
  /** Where it begins and how long it is, in pixels of the plane; need not be whole. */
  readonly start: number;
  readonly length: number;
  /** Pixels that come out. */
  readonly count: number;
  /** Pixels that the plane has. */
  readonly size: number;
}

/**
 * Bilinear taps with the centre of a pixel at its half: a stretch to the same size copies. Positions before the first and after
 * the last pixel repeat it.
 */
export function tapsOf({ start, length, count, size }: Stretch): Taps {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const share = new Float64Array(count);
  const step = length / count;
  for (let i = 0; i < count; i++) {
    const at = Math.min(Math.max(start + (i + 0.5) * step - 0.5, 0), size - 1);
    const before = Math.floor(at);
    first[i] = before;
    second[i] = Math.min(before + 1, size - 1);
    share[i] = at - before;
  }
  return { first, second, share };
}

/** For each of `count` cells over `size` pixels, the two pixels at a quarter and at three quarters of it. */
export function cellTaps(count: number, size: number): Int32Array {
  const taps = new Int32Array(count * 2);
  for (let i = 0; i < taps.length; i++) taps[i] = Math.floor(((i + 0.5) * size) / taps.length);
  return taps;
}

/** The part of a region that is in the picture. */
export function cutAtEdges([left, top, width, height]: Box): Box {
  const right = Math.min(left + width, 1);
  const bottom = Math.min(top + height, 1);
  const x = Math.min(Math.max(left, 0), 1);
  const y = Math.min(Math.max(top, 0), 1);
  return [x, y, Math.max(right - x, 0), Math.max(bottom - y, 0)];
}
