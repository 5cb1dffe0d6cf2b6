import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaceVectors } from '../../../../server/faces/face-vectors.ts';
import type { GalleryFace } from '../../../../server/faces/gallery.ts';
import { unitVector } from './unit-vectors.ts';

const DIMENSIONS = 16;

function galleryFace(id: number): GalleryFace {
  const faceId = String(id).padStart(5, '0');
  return { faceId, person: undefined, imageId: 'image', createdMs: 0, box: [0, 0, 1, 1], score: 1 };
}

/** What must come out, the long way. */
function sorted(ids: Iterable<number>, asked: Float32Array): [string, number][] {
  return [...ids]
    .map((id): [string, number] => {
      const vector = unitVector(id, DIMENSIONS);
      return [galleryFace(id).faceId, vector.reduce((sum, value, i) => sum + value * (asked[i] ?? 0), 0)];
    })
    .sort(([idA, a], [idB, b]) => b - a || idA.localeCompare(idB));
}

describe('FaceVectors', () => {
  it('finds what a full sort finds, while faces come and go', () => {
    const vectors = new FaceVectors(DIMENSIONS);
    const present = new Set<number>();
    for (let id = 1; id <= 300; id++) {
      vectors.add(galleryFace(id), unitVector(id, DIMENSIONS));
      present.add(id);
      // Also the first, the last and unknown ones.
      const gone = [id - 7, id % 5 === 0 ? id : -1, id % 3 === 0 ? id / 3 : -1];
      for (const each of gone) {
        vectors.remove(galleryFace(each).faceId);
        present.delete(each);
      }
      assert.equal(vectors.size, present.size);
      const asked = unitVector(1000 + id, DIMENSIONS);
      const found = vectors.match(asked, 0.2, 3);
      const wanted = sorted(present, asked)
        .filter(([, similarity]) => similarity >= 0.2)
        .slice(0, 3);
      assert.deepEqual(
        found.map(({ face }) => face.faceId),
        wanted.map(([faceId]) => faceId),
      );
    }
  });

  it('puts the older of two equal faces first, and stays within 1', () => {
    const vectors = new FaceVectors(DIMENSIONS);
    for (const id of [3, 1, 2]) vectors.add(galleryFace(id), unitVector(7, DIMENSIONS));
    const found = vectors.match(unitVector(7, DIMENSIONS), 0.5, 2);
    assert.deepEqual(
      found.map(({ face }) => face.faceId),
      ['00001', '00002'],
    );
    assert.ok(found.every(({ similarity }) => similarity <= 1 && similarity > 0.9999));
  });

  it('has nothing after it was cleared', () => {
    const vectors = new FaceVectors(DIMENSIONS);
    vectors.add(galleryFace(1), unitVector(1, DIMENSIONS));
    vectors.clear();
    assert.equal(vectors.size, 0);
    assert.deepEqual(vectors.match(unitVector(1, DIMENSIONS), 0, 5), []);
  });
});
