import type { FacePose } from '../watch/observed.ts';
import type { FaceSquare } from './aligned-crop.ts';
import type { SquareFace } from './blazeface.ts';
import type { PictureSquare } from './picture-square.ts';

/** A face in pixels of the picture. */
export interface PixelFace {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** In the order of LANDMARK_TYPES. */
  readonly points: readonly PixelPoint[];
  readonly score: number;
}

export type PixelPoint = readonly [x: number, y: number];

/** What FaceRes was trained on shows the head with its hair: measured, see docs/decisions/2026-11-21-face-crop.md. */
const CROP_PER_BOX = 1.5;
/** The tip of the nose lies further before the ears than these lie to the side: 12 cm to 7 cm. */
const SIDE_PER_DEPTH = 0.6;
/** Where between eyes (0) and mouth (1) the model puts the nose of a head that looks straight ahead, and how far it is before both. */
const LEVEL_NOSE = 0.53;
const NOSE_DEPTH = 0.43;

export function toPicture(face: SquareFace, square: PictureSquare, inputPixels: number): PixelFace {
  const scale = square.side / inputPixels;
  return {
    left: square.left + face.left * scale,
    top: square.top + face.top * scale,
    width: face.width * scale,
    height: face.height * scale,
    points: face.points.map(([x, y]) => [square.left + x * scale, square.top + y * scale] as const),
    score: face.score,
  };
}

/** The square that is given to the model that tells faces apart: around the face, turned so that the eyes are level. */
export function cropOf(face: PixelFace): FaceSquare {
  return {
    centerX: face.left + face.width / 2,
    centerY: face.top + face.height / 2,
    side: CROP_PER_BOX * Math.max(face.width, face.height),
    angle: rollOf(face),
  };
}

/**
 * Estimated from the six points. Roll is what they show; yaw and pitch assume a head of usual shape, and are coarse: they tell a
 * face that looks at the camera from one that looks away.
 */
export function poseOf(face: PixelFace): FacePose {
  const [eyeLeft, eyeRight, nose, mouth, earLeft, earRight] = upright(face);
  const sideways = (2 * nose[0] - earLeft[0] - earRight[0]) / Math.max(1e-6, earRight[0] - earLeft[0]);
  const eyesY = (eyeLeft[1] + eyeRight[1]) / 2;
  const noseShare = (nose[1] - eyesY) / Math.max(1e-6, mouth[1] - eyesY);
  return {
    roll: degrees(rollOf(face)),
    yaw: degrees(Math.atan(SIDE_PER_DEPTH * sideways)),
    pitch: degrees(Math.atan((LEVEL_NOSE - noseShare) / NOSE_DEPTH)),
  };
}

function rollOf({ points }: PixelFace): number {
  const [left, right] = six(points);
  return Math.atan2(right[1] - left[1], right[0] - left[0]);
}

type SixPoints = readonly [PixelPoint, PixelPoint, PixelPoint, PixelPoint, PixelPoint, PixelPoint];

function six(points: readonly PixelPoint[]): SixPoints {
  if (points.length !== 6) throw new RangeError(`a face has six points, not ${points.length}`);
  return points as unknown as SixPoints;
}

/** The points, turned so that the eyes are level. */
function upright(face: PixelFace): SixPoints {
  const angle = rollOf(face);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return six(face.points.map(([x, y]) => [x * cos + y * sin, y * cos - x * sin] as const));
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
