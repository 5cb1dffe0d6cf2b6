import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaceAttempts } from '../../../../ml/faces/face-attempts.ts';
import type { FindFacesOptions } from '../../../../ml/faces/face-finder.ts';
import { lookForFaces } from '../../../../ml/faces/look-for-faces.ts';
import type { Box } from '../../../../ml/geometry/box.ts';
import type { Picture } from '../../../../ml/picture/picture.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../../../../ml/watch/observed.ts';

const picture = { width: 640, height: 360 } as Picture;
const frame: FrameRef = { fragmentNumber: '1', offsetMs: 0, producerMs: 0, serverMs: 0 };

const object = (label: string, box: Box): TrackedObject => ({
  label,
  group: label,
  box,
  score: 0.9,
  topScore: 0.9,
  trackId: `${label} at ${box[0]}`,
  isConfirmed: false,
  trackConfidence: 1,
  enteredMs: 0,
});

const face = (box: Box): ObservedFace => ({
  box,
  score: 0.9,
  landmarks: [],
  trackId: undefined,
  embedding: undefined,
});

/** Finds the same faces every time, and remembers what it was asked. */
class Finder {
  readonly asked: FindFacesOptions[] = [];
  readonly #faces: readonly ObservedFace[];

  constructor(faces: readonly ObservedFace[]) {
    this.#faces = faces;
  }

  readonly find = (_picture: Picture, options: FindFacesOptions): Promise<ObservedFace[]> => {
    this.asked.push(options);
    const judgements = options.judge?.(this.#faces) ?? [];
    return Promise.resolve(
      this.#faces
        .map((each, i) => ({ ...each, trackId: judgements[i]?.trackId }))
        .filter((_, i) => judgements[i]?.isWanted),
    );
  };
}

test('every frame: everybody, each time, also who was seen for the first time', async () => {
  const left = object('person', [0.1, 0.1, 0.2, 0.8]);
  const right = object('person', [0.6, 0.1, 0.2, 0.8]);
  const finder = new Finder([
    face([0.16, 0.15, 0.08, 0.14]),
    face([0.66, 0.15, 0.08, 0.14]),
    face([0.9, 0.1, 0.05, 0.1]),
  ]);
  const attempts = new FaceAttempts();
  const look = {
    picture,
    frame,
    objects: [left, object('car', [0, 0, 1, 1]), right],
    minPixels: 50,
    everyFrame: true,
  };
  for (let time = 0; time < 3; time++) {
    const faces = await lookForFaces(finder, attempts, look);
    assert.deepEqual(
      faces.map(({ trackId }) => trackId),
      [left.trackId, right.trackId, undefined],
    );
  }
  assert.deepEqual(
    finder.asked.map(({ regions }) => regions?.length),
    [2, 2, 2],
  );
  // Nothing of it counts as an attempt.
  assert.deepEqual(attempts.state(), new FaceAttempts().state());
});

test('every frame: nobody there, nothing looked at', async () => {
  const finder = new Finder([]);
  const objects = [object('car', [0, 0, 1, 1])];
  const look = { picture, frame, objects, minPixels: 50, everyFrame: true };
  assert.deepEqual(await lookForFaces(finder, new FaceAttempts(), look), []);
  assert.equal(finder.asked.length, 0);
});
