import type { ModelIdentity } from '../detect/detector.ts';

/** Which model finds faces: BlazeFace, as `@vladmandic/human` carries it. */
export const FACE_DETECTOR: ModelIdentity = {
  name: 'blazeface',
  sha256: '831f99fa26ed7754f79a9f92ababb0c1b3627b99303d58d1ff11e8c35f0c9304',
};

/** Which model tells them apart. Only embeddings of one model can be compared: galleries keep the hash beside each of theirs. */
export const FACE_MODEL: ModelIdentity = {
  name: 'faceres',
  sha256: '46d59b0ad999adcea7548b3c79e6a0caf6751c77471fae5fd7fff9b77e5b012a',
};

/** Numbers in an embedding. */
export const FACE_DIMENSIONS = 1024;
