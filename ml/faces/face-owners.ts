import type { Box } from '../geometry/box.ts';

interface Boxed {
  readonly box: Box;
}

/** Further down than this part of a person's box is no face of his. */
const LOWEST_FACE = 0.65;
/** Usual faces are in the upper third; whose face is further down fits less well. */
const USUAL_FACE = 0.35;

/**
 * Whose face each is: the person in whose box it lies, in the middle and high up. Each person has one face. Answers, for each face,
 * the index of the person.
 */
export function ownersOf(faces: readonly Boxed[], persons: readonly Boxed[]): (number | undefined)[] {
  const pairs = faces.flatMap((face, faceIndex) =>
    persons.flatMap((person, personIndex) => {
      const misfit = misfitOf(face.box, person.box);
      return misfit === undefined ? [] : [{ faceIndex, personIndex, misfit }];
    }),
  );
  pairs.sort((a, b) => a.misfit - b.misfit);
  const owners: (number | undefined)[] = faces.map(() => undefined);
  const taken = new Set<number>();
  for (const { faceIndex, personIndex } of pairs) {
    if (owners[faceIndex] !== undefined || taken.has(personIndex)) continue;
    owners[faceIndex] = personIndex;
    taken.add(personIndex);
  }
  return owners;
}

/** 0 for a face that is where a face should be; `undefined` where it cannot be his. */
function misfitOf(face: Box, [left, top, width, height]: Box): number | undefined {
  if (width <= 0 || height <= 0) return undefined;
  const across = (face[0] + face[2] / 2 - left) / width;
  const down = (face[1] + face[3] / 2 - top) / height;
  // A box of a person is often a little too low or too narrow.
  if (across < 0 || across > 1 || down < -0.1 || down > LOWEST_FACE) return undefined;
  return Math.abs(across - 0.5) + Math.max(0, down - USUAL_FACE);
}
