/** How much is looked at: `fast`, `balanced`, `far` (small things far away). */
export type Profile = 'fast' | 'balanced' | 'far';

export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The input for a picture of 16:9, by profile. Narrower pictures keep the shorter side, upright ones are the same turned (detection.md
 * §2: fast 384x224, balanced 512x288, far 640x384, and 384x288 for 4:3, 288x512 upright).
 */
const WIDE: Readonly<Record<Profile, PixelSize>> = {
  fast: { width: 384, height: 224 },
  balanced: { width: 512, height: 288 },
  far: { width: 640, height: 384 },
};
const STEP = 32;
const WIDE_ASPECT = 16 / 9;

/**
 * The input of a model that can be given any multiple of 32: as near to the camera's shape (width / height) as those come, with
 * the shorter side of the profile. Extreme shapes are taken for 4:1.
 */
export function inputShape(aspect: number, profile: Profile): PixelSize {
  const { width, height } = WIDE[profile];
  const isUpright = aspect < 1;
  const wanted = Math.min(Math.max(isUpright ? 1 / aspect : aspect, 1), 4);
  const isNearWide = Math.abs(wanted - WIDE_ASPECT) < 0.1;
  // Wider than 16:9, the longer side stays and the shorter one goes down.
  const shape = isNearWide
    ? { width, height }
    : wanted > WIDE_ASPECT
      ? { width, height: toStep(width / wanted) }
      : { width: toStep(height * wanted), height };
  return isUpright ? { width: shape.height, height: shape.width } : shape;
}

function toStep(pixels: number): number {
  return Math.max(Math.round(pixels / STEP), 2) * STEP;
}
