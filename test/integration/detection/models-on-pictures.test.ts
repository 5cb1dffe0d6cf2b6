import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBackend } from '../../../ml/backend/start-backend.ts';
import { runJob } from '../../../ml/decode/run-job.ts';
import { WebcodecsDecoder } from '../../../ml/decode/webcodecs-decoder.ts';
import type { Detector } from '../../../ml/detect/detector.ts';
import { addModel } from '../../../ml/models/add-model.ts';
import { builtInModelPath } from '../../../ml/models/built-in-models.ts';
import { loadDetector } from '../../../ml/models/load-detector.ts';
import { readGraph } from '../../../ml/models/model-files.ts';
import { ModelRegistry } from '../../../ml/models/model-registry.ts';
import { pictureOfFile } from '../../../ml/picture/picture-of-file.ts';
import { clipPath } from '../../e2e/support/media.ts';
import { temporaryFolder } from '../../unit/ml/models/model-folders.ts';
import { mediaOf } from '../clip/recordings.ts';

/** What the model says of the key frames of a real clip, at 0, 2, 4... seconds; of all clips: golden-codecs.test.ts. */
const GOLDEN = {
  'person-360p-h264.mp4': ['', 'P', 'P', 'P', 'P', 'P', 'P', '', '', 'P'],
};
const LETTERS: Readonly<Record<string, string>> = { person: 'P' };

async function keyFramesSay(detector: Detector, file: string): Promise<string[]> {
  const { tracks, samples } = await mediaOf(clipPath(file));
  const track = tracks.find(({ kind }) => kind === 'video');
  assert.ok(track !== undefined);
  const decoder = new WebcodecsDecoder();
  const says: string[] = [];
  for (const { trackId, isSync, data } of samples) {
    if (trackId !== track.id || !isSync) continue;
    const sample = { dtsUs: 0, ptsUs: 0, isSync: true, data };
    const [png] = await runJob({ track, samples: [sample], wantedUs: [0], format: { type: 'png' } }, [
      decoder,
    ]);
    assert.ok(png !== undefined);
    const found = await detector.detect(await pictureOfFile(png), { minScore: 0.3 });
    says.push([...new Set(found.map(({ label }) => LETTERS[label] ?? label))].toSorted().join(''));
  }
  return says;
}

test('the default model on key frames; no tensor is left by any of them', async () => {
  const detector = await loadDetector(await new ModelRegistry(undefined).find('centernet'), {
    aspect: 16 / 9,
    profile: 'balanced',
  });
  const { tensorCount } = await startBackend();
  for (const [file, expected] of Object.entries(GOLDEN))
    assert.deepEqual(await keyFramesSay(detector, file), expected, file);
  assert.equal((await startBackend()).tensorCount, tensorCount);
  detector.dispose();
});

test('a real SSD of the Object Detection API is added with the names of its outputs, and finds faces', async (t) => {
  const { model, trial } = await addModel({
    source: builtInModelPath('handtrack'),
    name: 'hands',
    directory: await temporaryFolder(t),
    facts: {
      family: 'ssd',
      labels: ['open', 'closed', 'pinch', 'point', 'face', 'tip', 'pinchtip'],
      defaultLabels: ['face'],
      width: 320,
      height: 320,
      outputs: {
        boxes: 'StatefulPartitionedCall/Postprocessor/ExpandDims_1',
        scores: 'StatefulPartitionedCall/Postprocessor/Slice',
      },
    },
  });
  assert.deepEqual(trial.labels, ['face']);
  const detector = await loadDetector(model, { aspect: 1, profile: 'balanced' });
  const faces = fileURLToPath(
    new URL('../assets/screenshot-facedetect.jpg', import.meta.resolve('@vladmandic/human')),
  );
  const found = await detector.detect(await pictureOfFile(await readFile(faces)), { minScore: 0.5 });
  assert.ok(found.length >= 2 && found.every(({ label }) => label === 'face'));
  detector.dispose();
  // All outputs of the same graph need its loops: it is run asynchronously then, and leaves nothing behind either.
  const backend = await startBackend();
  const graph = await backend.load((await readGraph(model.graphPath)).graph);
  const before = backend.tensorCount;
  const outputs = await graph.run(
    { data: new Int32Array(320 * 320 * 3).fill(100), shape: [1, 320, 320, 3] },
    graph.outputs,
  );
  assert.equal(outputs.length, 8);
  assert.equal(backend.tensorCount, before);
  graph.dispose();
});
