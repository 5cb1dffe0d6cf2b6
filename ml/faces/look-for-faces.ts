import type { Picture } from '../picture/picture.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../watch/observed.ts';
import type { FaceAttempts } from './face-attempts.ts';
import type { FaceFinder } from './face-finder.ts';
import { headRegion } from './face-looks.ts';
import { ownersOf } from './face-owners.ts';

export interface FaceLook {
  readonly picture: Picture;
  readonly frame: FrameRef;
  /** All that is followed in it. */
  readonly objects: readonly TrackedObject[];
  /** FaceSettings.minPixels. */
  readonly minPixels: number;
  /** FaceSettings.everyFrame. */
  readonly everyFrame: boolean;
}

/** Looks into the faces of those persons of a frame who are due. Throws what FaceFinder.find throws. */
export async function lookForFaces(
  finder: Pick<FaceFinder, 'find'>,
  attempts: FaceAttempts,
  { picture, frame, objects, minPixels, everyFrame }: FaceLook,
): Promise<readonly ObservedFace[]> {
  if (everyFrame) return lookAtAll(finder, { picture, objects, minPixels });
  const due = attempts.due(objects, frame);
  if (due.length === 0) return [];
  return finder.find(picture, {
    minPixels,
    regions: due.map(({ box }) => headRegion(box, picture)),
    judge: (faces) => attempts.judge(faces, due, objects, frame, { minPixels, picture }),
  });
}

/** Everybody's, whoever was seen before. */
async function lookAtAll(
  finder: Pick<FaceFinder, 'find'>,
  { picture, objects, minPixels }: Pick<FaceLook, 'picture' | 'objects' | 'minPixels'>,
): Promise<readonly ObservedFace[]> {
  const persons = objects.filter(({ group, label }) => group === 'person' || label === 'person');
  if (persons.length === 0) return [];
  return finder.find(picture, {
    minPixels,
    regions: persons.map(({ box }) => headRegion(box, picture)),
    judge: (faces) => {
      const owners = ownersOf(faces, persons);
      return faces.map((_, i) => ({ trackId: persons[owners[i] ?? -1]?.trackId, isWanted: true }));
    },
  });
}
