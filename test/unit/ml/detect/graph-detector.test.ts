import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph, InputTensor, OutputTensor } from '../../../../ml/backend/backend.ts';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { GraphDetector, type GraphDetectorParts } from '../../../../ml/detect/graph-detector.ts';
import type { RawDetection } from '../../../../ml/detect/model-settings.ts';
import type { Box } from '../../../../ml/geometry/box.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';

const PICTURE = new RgbPicture(new Uint8Array(64 * 32 * 3).fill(100), 64, 32);
const WHOLE: RawDetection = { classIndex: 0, score: 0.9, left: 0.25, top: 0.25, width: 0.5, height: 0.5 };

/** A graph that answers one number for each picture: its index over all runs. */
class CountingGraph implements Graph {
  readonly input = { name: 'image', type: 'float32' } as const;
  readonly outputs = ['index'];
  readonly shapes: (readonly number[])[] = [];
  #next = 0;

  async run({ shape }: InputTensor): Promise<readonly OutputTensor[]> {
    this.shapes.push(shape);
    const pictures = shape[0] ?? 0;
    return [{ shape: [pictures, 1], data: Float32Array.from({ length: pictures }, () => this.#next++) }];
  }

  dispose(): void {}
}

function detector(
  answers: (picture: number) => readonly RawDetection[],
  more: Partial<GraphDetectorParts> = {},
) {
  const graph = new CountingGraph();
  const made = new GraphDetector({
    model: { name: 'scripted', sha256: '0'.repeat(64) },
    graph,
    input: { width: 32, height: 32, layout: 'nhwc', range: '0..255', order: 'rgb', resize: 'stretch' },
    reader: { outputs: ['index'], read: ([index]) => answers(index?.data[0] ?? -1) },
    labelOf: (classIndex) => ['person', 'car'][classIndex],
    labels: ['person', 'car'],
    groupOf: (label) => label,
    iou: 0.5,
    maxBatch: 1,
    ...more,
  });
  return { made, graph };
}

test('boxes are fractions of the picture; numbers without a label are not answered', async () => {
  const { made } = detector(() => [WHOLE, { ...WHOLE, classIndex: 7 }]);
  assert.deepEqual(await made.detect(PICTURE, { minScore: 0.5 }), [
    { label: 'person', score: 0.9, box: [0.25, 0.25, 0.5, 0.5] },
  ]);
});

test('parts of the picture: boxes are found where they are in the whole', async () => {
  const { made } = detector(() => [WHOLE]);
  const regions: Box[] = [
    [0, 0, 0.5, 1],
    [0.5, 0, 0.5, 0.5],
  ];
  const found = await made.detect(PICTURE, { minScore: 0.5, regions });
  assert.deepEqual(
    found.map(({ box }) => box),
    [
      [0.125, 0.25, 0.25, 0.5],
      [0.625, 0.125, 0.25, 0.25],
    ],
  );
});

test('a box that a part cuts gives way to the whole one that another part sees', async () => {
  const answers: RawDetection[] = [
    { ...WHOLE, score: 0.95, left: 0.6, width: 0.41 },
    { ...WHOLE, score: 0.8, left: 0.2, width: 0.6 },
  ];
  const { made } = detector((picture) => [answers[picture] as RawDetection]);
  const regions: Box[] = [
    [0, 0, 0.5, 1],
    [0.25, 0, 0.5, 1],
  ];
  const [found, ...others] = await made.detect(PICTURE, { minScore: 0.5, regions });
  assert.deepEqual(others, []);
  assert.equal(found?.score, 0.95);
  assert.ok(Math.abs((found?.box[0] ?? 0) - 0.35) < 1e-9 && Math.abs((found?.box[2] ?? 0) - 0.3) < 1e-9);
});

test('the border of the picture cuts nothing, and boxes end at it', async () => {
  const { made } = detector(() => [{ ...WHOLE, left: -0.2, top: 0.9, height: 0.4 }]);
  const [found] = await made.detect(PICTURE, { minScore: 0.5 });
  assert.deepEqual(
    found?.box.map((side) => Number(side.toFixed(6))),
    [0, 0.9, 0.3, 0.1],
  );
});

test('several parts go through a graph at once that takes several', async () => {
  const { made, graph } = detector((picture) => [{ ...WHOLE, score: (picture + 1) / 10 }], { maxBatch: 2 });
  const regions: Box[] = [
    [0, 0, 0.2, 1],
    [0.3, 0, 0.2, 1],
    [0.6, 0, 0.2, 1],
  ];
  const found = await made.detect(PICTURE, { minScore: 0, regions });
  assert.deepEqual(graph.shapes, [
    [2, 32, 32, 3],
    [1, 32, 32, 3],
  ]);
  assert.deepEqual(
    found.map(({ score, box }) => [score, Number(box[0].toFixed(3))]),
    [
      [0.3, 0.65],
      [0.2, 0.35],
      [0.1, 0.05],
    ],
  );
});

test('a graph that does not answer for all pictures is told of', async () => {
  const { made, graph } = detector(() => [WHOLE], { maxBatch: 2 });
  graph.run = async () => [{ shape: [1, 1], data: new Float32Array(1) }];
  const regions: Box[] = [
    [0, 0, 0.5, 1],
    [0.5, 0, 0.5, 1],
  ];
  await assert.rejects(
    made.detect(PICTURE, { minScore: 0.5, regions }),
    (error) => error instanceof BackendError && error.code === 'failed',
  );
});

test('no picture has so many objects: what a broken model answers is bounded, and boxes without a size are none', async () => {
  const nonsense = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0].map((width) => ({ ...WHOLE, width }));
  assert.deepEqual(
    await detector(() => nonsense.filter(({ width }) => width !== Number.POSITIVE_INFINITY)).made.detect(
      PICTURE,
      { minScore: 0 },
    ),
    [],
  );
  const many = Array.from({ length: 50_000 }, (_, i) => ({
    ...WHOLE,
    left: (i % 223) / 223,
    top: (i % 227) / 227,
    width: 0.001,
    height: 0.001,
  }));
  assert.equal((await detector(() => many).made.detect(PICTURE, { minScore: 0 })).length, 200);
});

test('parts that a picture of a letterbox fills only partly', async () => {
  const { made } = detector(() => [{ ...WHOLE, left: 0, top: 0.25, width: 1, height: 0.5 }], {
    input: { width: 32, height: 32, layout: 'nhwc', range: '0..1', order: 'rgb', resize: 'letterbox' },
  });
  const [found] = await made.detect(PICTURE, { minScore: 0.5 });
  assert.deepEqual(found?.box, [0, 0, 1, 1]);
});
