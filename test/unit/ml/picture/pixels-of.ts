import type { Picture } from '../../../../ml/picture/picture.ts';

/** R, G, B of all pixels, rounded. */
export function pixelsOf(picture: Picture): number[] {
  const target = new Float32Array(picture.width * picture.height * 3);
  picture.sampleRgb([0, 0, 1, 1], target, picture.width, picture.height);
  return Array.from(target, Math.round);
}
