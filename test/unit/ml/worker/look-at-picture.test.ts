import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { WatchError } from '../../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../../ml/watch/observed.ts';
import { lookAtPicture } from '../../../../ml/worker/look-at-picture.ts';

const identity = { name: 'scripted', sha256: 'a'.repeat(64) };
const face = (): ObservedFace => ({
  box: [0, 0, 0.1, 0.1],
  score: 1,
  landmarks: [],
  trackId: undefined,
  embedding: undefined,
});

function partsOf() {
  const scores: number[] = [];
  const wanted: boolean[] = [];
  const parts: Parameters<typeof lookAtPicture>[1] = {
    models: {
      open: async (name) => {
        if (name !== 'scripted') throw new WatchError('no-model', `there is no model ${name}`);
        const detect = async (_: unknown, { minScore }: { minScore: number }) => {
          scores.push(minScore);
          return [{ label: 'cat', score: 0.7, box: [0, 0, 1, 1] as const }];
        };
        const detector = {
          model: identity,
          labels: ['cat'],
          input: { width: 64, height: 64 },
          detect,
          dispose: () => {},
        };
        return { identity, minScore: 0.4, groups: {}, detector: async () => detector };
      },
    },
    faces: {
      find: async (_picture, { judge }) => {
        const faces = [face(), face(), face()];
        wanted.push(...(judge?.(faces) ?? []).map(({ isWanted }) => isWanted));
        return faces;
      },
    },
  };
  return { parts, scores, wanted };
}

const jpeg = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: '#808080' } })
    .jpeg()
    .toBuffer();

test('objects and faces, each where they are asked for', async () => {
  const { parts, scores, wanted } = partsOf();
  const file = await jpeg();
  const nothing = await lookAtPicture({ file }, parts);
  assert.deepEqual(nothing, { width: 40, height: 30, model: undefined, objects: [], faces: [] });
  const objects = await lookAtPicture({ file, model: 'scripted' }, parts);
  assert.deepEqual([objects.model, objects.objects.length, objects.faces], [identity, 1, []]);
  await lookAtPicture({ file, model: 'scripted', minScore: 0.9 }, parts);
  assert.deepEqual(scores, [0.4, 0.9]);
  const faces = await lookAtPicture({ file, faces: { minPixels: 50, maxEmbeddings: 2 } }, parts);
  assert.deepEqual([faces.faces.length, wanted], [3, [true, true, false]]);
});

test('what is no picture, and a model that is not there', async () => {
  const { parts } = partsOf();
  const fails = (code: string, question: Parameters<typeof lookAtPicture>[0]) =>
    assert.rejects(
      lookAtPicture(question, parts),
      (error) => error instanceof WatchError && error.code === code,
    );
  await fails('bad-media', { file: Buffer.from('not a picture') });
  await fails('no-model', { file: await jpeg(), model: 'other' });
});
