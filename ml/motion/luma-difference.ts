/** What two brightness grids of one scene differ by. */
export interface LumaDifference {
  /** By how much the whole picture became lighter: the camera's exposure, a cloud. Taken off before anything is compared. */
  readonly shift: number;
  /** Cells that differ by more than this have changed: above the noise of the picture itself. */
  readonly threshold: number;
  /** Half of the cells differ by more than this: the noise of a scene that is the same, much more of another one. */
  readonly spread: number;
}

/** Of 255. Compression moves quiet cells by a few (detection.md §5: "|Δ| > 12" of luma in the limited range). */
const MIN_THRESHOLD = 14;
/** Of the median difference: of Gaussian noise, 8 in 10,000 cells lie beyond (5 x 0.67 sigma). */
const NOISE_FACTOR = 5;
const LEVELS = 256;

/** Compares two grids of the same shape. The medians are of all cells: what moves does not count while it is less than half. */
export function compareLuma(luma: Uint8Array, reference: Uint8Array | Float32Array): LumaDifference {
  const histogram = new Uint32Array(2 * LEVELS);
  for (let i = 0; i < luma.length; i++) {
    const level = Math.round((luma[i] as number) - (reference[i] as number)) + LEVELS;
    histogram[level] = (histogram[level] as number) + 1;
  }
  const half = luma.length / 2;
  let shift = 0;
  for (let level = 0, below = 0; level < histogram.length; level++) {
    below += histogram[level] as number;
    if (below < half) continue;
    shift = level - LEVELS;
    break;
  }
  // How far from the median half of the cells are.
  const at = (distance: number) => histogram[shift + LEVELS + distance] ?? 0;
  let spread = 0;
  for (let within = at(0); within < half && spread < 2 * LEVELS; within += at(spread) + at(-spread)) spread++;
  return { shift, spread, threshold: Math.max(MIN_THRESHOLD, NOISE_FACTOR * spread) };
}
