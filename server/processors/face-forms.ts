import type { Box } from '../../ml/geometry/box.ts';
import type { ObservedFace } from '../../ml/watch/watch-result.ts';
import type { FaceMatch, GalleryFace } from '../faces/gallery.ts';

/**
 * Faces and boxes in Amazon Rekognition's words, for its answers and for the records of stream processors. Only what is known is
 * said: there is no brightness, no age, no emotion.
 */

/** Percent, to the ten-thousandth: more digits say nothing. */
export function percentOf(share: number): number {
  return Math.round(share * 1e6) / 1e4;
}

export function boundingBoxOf([left, top, width, height]: Box) {
  return { Width: width, Height: height, Left: left, Top: top };
}

/** Of the points that face models know, those that the service has a name for. */
const LANDMARK_TYPES: ReadonlySet<string> = new Set([
  'eyeLeft',
  'eyeRight',
  'nose',
  'mouthLeft',
  'mouthRight',
]);

/** In pixels: what an angle in a picture is measured in. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A face that was found in a picture. */
export function faceDetailOf(face: ObservedFace, picture: PictureSize | undefined) {
  const rollDegrees = picture === undefined ? undefined : rollOf(face, picture);
  return {
    BoundingBox: boundingBoxOf(face.box),
    Confidence: percentOf(face.score),
    Landmarks: face.landmarks
      .filter(({ type }) => LANDMARK_TYPES.has(type))
      .map(({ type, at }) => ({ Type: type, X: at[0], Y: at[1] })),
    ...(rollDegrees === undefined ? {} : { Pose: { Roll: rollDegrees } }),
  };
}

/** How far the line between the eyes is turned clockwise, degrees. */
function rollOf({ landmarks }: ObservedFace, { width, height }: PictureSize): number | undefined {
  const left = landmarks.find(({ type }) => type === 'eyeLeft')?.at;
  const right = landmarks.find(({ type }) => type === 'eyeRight')?.at;
  if (left === undefined || right === undefined) return undefined;
  const radians = Math.atan2((right[1] - left[1]) * height, (right[0] - left[0]) * width);
  return Math.round((radians * 180_000) / Math.PI) / 1000;
}

/** A face of a collection. */
export function faceOf(face: GalleryFace) {
  return {
    FaceId: face.faceId,
    BoundingBox: boundingBoxOf(face.box),
    ImageId: face.imageId,
    ...(face.person === undefined ? {} : { ExternalImageId: face.person }),
    Confidence: percentOf(face.score),
  };
}

/** A face of a collection that another one is like. */
export function faceMatchOf({ similarity, face }: FaceMatch) {
  return { Similarity: percentOf(similarity), Face: faceOf(face) };
}
