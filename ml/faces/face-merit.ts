import type { ObservedFace } from '../watch/observed.ts';

/** Beyond, one eye begins to hide: faces of one person grow as unlike as those of two. */
const MAX_TURN_DEGREES = 35;
/** Below, it is too often something else: a print on a shirt. */
const MIN_SCORE = 0.65;

/** The face is seen well enough for "nobody whom we know" to mean something; its size is looked after by who embeds it. */
export function isTelling({ score, pose }: Pick<ObservedFace, 'score' | 'pose'>): boolean {
  if (score < MIN_SCORE) return false;
  return pose === undefined || Math.max(Math.abs(pose.yaw), Math.abs(pose.pitch)) <= MAX_TURN_DEGREES;
}

/** How much an embedding of the face is worth, beside another of the same person: its size in `minPixels`, less where it is turned away. */
export function meritOf(
  face: Pick<ObservedFace, 'box' | 'score' | 'pose'>,
  pictureWidth: number,
  minPixels: number,
): number {
  const size = (face.box[2] * pictureWidth) / minPixels;
  const turn = Math.max(Math.abs(face.pose?.yaw ?? 0), Math.abs(face.pose?.pitch ?? 0));
  return size * face.score * Math.max(0.1, Math.cos((turn * Math.PI) / 180));
}
