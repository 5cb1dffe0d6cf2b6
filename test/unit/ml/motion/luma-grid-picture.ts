import type { Picture } from '../../../../ml/picture/picture.ts';

/** A picture whose brightness is a function of place (fractions), for what only looks at brightness. */
export function brightnessPicture(brightness: (x: number, y: number) => number): Picture {
  return {
    width: 1280,
    height: 720,
    sampleRgb() {
      throw new Error('only its brightness is asked for');
    },
    sampleLuma(target, columns, rows) {
      for (let i = 0; i < columns * rows; i++) {
        const x = ((i % columns) + 0.5) / columns;
        const y = (Math.floor(i / columns) + 0.5) / rows;
        target[i] = Math.min(Math.max(Math.round(brightness(x, y)), 0), 255);
      }
    },
  };
}

/** Noise of about the given standard deviation: the same for the same seed and place. */
export function noise(seed: number, sigma: number): (x: number, y: number) => number {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // The sum of three has a deviation of a half.
  return () => 2 * sigma * (next() + next() + next() - 1.5);
}
