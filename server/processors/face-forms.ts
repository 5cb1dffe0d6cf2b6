import type { Box } from '../../ml/geometry/box.ts';
import type { ObservedFace } from '../../ml/watch/observed.ts';
import type { FaceMatch, GalleryFace } from '../faces/gallery.ts';

/**
 * Faces and boxes in Amazon Rekognition's words, for its answers and for the records of stream processors. Only what is known is
 * said: there is no age, no smile, no emotion.
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

/** A face that was found in a picture. */
export function faceDetailOf({ box, score, landmarks, pose, quality }: ObservedFace) {
  return {
    BoundingBox: boundingBoxOf(box),
    Confidence: percentOf(score),
    Landmarks: landmarks
      .filter(({ type }) => LANDMARK_TYPES.has(type))
      .map(({ type, at }) => ({ Type: type, X: at[0], Y: at[1] })),
    ...(pose === undefined ? {} : { Pose: { Roll: pose.roll, Yaw: pose.yaw, Pitch: pose.pitch } }),
    ...(quality === undefined
      ? {}
      : { Quality: { Brightness: quality.brightness, Sharpness: quality.sharpness } }),
  };
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
