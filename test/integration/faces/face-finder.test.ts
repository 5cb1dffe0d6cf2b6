import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBackend } from '../../../ml/backend/start-backend.ts';
import { FaceFinder } from '../../../ml/faces/face-finder.ts';
import { headRegion } from '../../../ml/faces/face-looks.ts';
import { FACE_DIMENSIONS } from '../../../ml/faces/face-model.ts';
import type { Box } from '../../../ml/geometry/box.ts';
import { I420Picture } from '../../../ml/picture/i420-picture.ts';
import type { ObservedFace } from '../../../ml/watch/observed.ts';

const CLIP = fileURLToPath(new URL('../../../../shared/media/faces-360p-h264.mp4', import.meta.url));
const WIDTH = 640;
const HEIGHT = 360;

/** About where the three people of the clip stand, from the left. */
const PERSONS: readonly Box[] = [
  [0.05, 0.3, 0.25, 0.7],
  [0.32, 0.2, 0.3, 0.8],
  [0.58, 0.35, 0.3, 0.65],
];

function frameAt(second: number): I420Picture {
  const args = [
    '-v',
    'error',
    '-ss',
    String(second),
    '-i',
    CLIP,
    '-frames:v',
    '1',
    '-pix_fmt',
    'yuv420p',
    '-f',
    'rawvideo',
    '-',
  ];
  return I420Picture.packed(execFileSync('ffmpeg', args, { maxBuffer: 10_000_000 }), WIDTH, HEIGHT);
}

function similarity(a: ObservedFace, b: ObservedFace): number {
  return Array.from(a.embedding ?? []).reduce((sum, value, i) => sum + value * (b.embedding?.[i] ?? 0), 0);
}

const fromTheLeft = (faces: readonly ObservedFace[]) => faces.toSorted((a, b) => a.box[0] - b.box[0]);

describe('FaceFinder on people (faces-360p-h264.mp4)', () => {
  const finder = new FaceFinder();
  after(() => finder.dispose());

  it('tells the three apart, and knows each again (detection.md §2)', async () => {
    const frames: ObservedFace[][] = [];
    for (const second of [2, 6, 10]) {
      const regions = PERSONS.map((box) => headRegion(box, { width: WIDTH, height: HEIGHT }));
      const faces = fromTheLeft(await finder.find(frameAt(second), { minPixels: 50, regions }));
      assert.equal(faces.length, 3, `at ${second} s`);
      frames.push(faces);
    }
    for (const [i, faces] of frames.entries()) {
      for (const face of faces) {
        assert.equal(face.embedding?.length, FACE_DIMENSIONS);
        assert.ok(Math.abs(similarity(face, face) - 1) < 1e-4);
        assert.ok(face.score > 0.6);
        assert.ok(Math.abs(face.pose?.yaw ?? 90) < 25 && Math.abs(face.pose?.roll ?? 90) < 15);
        assert.ok((face.quality?.brightness ?? 0) > 20 && (face.quality?.sharpness ?? 0) > 5);
        const [left = [0, 0], right = [0, 0], nose = [0, 0], mouth = [0, 0]] = face.landmarks.map(
          ({ at }) => at,
        );
        assert.ok(left[0] < nose[0] && nose[0] < right[0] && nose[1] > left[1] && mouth[1] > nose[1]);
      }
      for (const other of frames.slice(i + 1)) {
        for (const [a, one] of faces.entries()) {
          for (const [b, two] of other.entries()) {
            const like = similarity(one, two);
            assert.ok(a === b ? like > 0.75 : like < 0.65, `${a} and ${b}: ${like}`);
          }
        }
      }
    }
  });

  it('finds them also when it is not told where to look, and describes only large faces that are wanted', async () => {
    const frame = frameAt(0);
    const seen: number[] = [];
    const faces = await finder.find(frame, {
      minPixels: 50,
      judge: (found) => {
        seen.push(found.length);
        return found.map((_, i) => ({ trackId: `t${i}`, isWanted: i === 0 }));
      },
    });
    assert.deepEqual(seen, [3]);
    assert.deepEqual(
      faces.map(({ trackId }) => trackId),
      ['t0', 't1', 't2'],
    );
    assert.deepEqual(
      faces.map(({ embedding }) => embedding !== undefined),
      [true, false, false],
    );
    const all = await finder.find(frame, { minPixels: 50 });
    assert.deepEqual(
      all.map(({ embedding }) => embedding !== undefined),
      all.map(({ box }) => box[2] * WIDTH >= 50),
    );
    assert.ok(all.some(({ embedding }) => embedding === undefined));
  });

  it('leaks no tensors, and sees nothing in an empty picture', async () => {
    const backend = await startBackend();
    const grey = I420Picture.packed(new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128), WIDTH, HEIGHT);
    assert.deepEqual(await finder.find(grey, { minPixels: 50 }), []);
    const before = backend.tensorCount;
    await finder.find(frameAt(2), { minPixels: 50, regions: [[0.05, 0.2, 0.2, 0.5]] });
    assert.equal(backend.tensorCount, before);
    await finder.dispose();
    assert.ok(backend.tensorCount < before);
  });
});
