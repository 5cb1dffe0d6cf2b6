import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../../../../ml/backend/backend.ts';
import { GraphDetector } from '../../../../ml/detect/graph-detector.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';

const WIDTH = 64;
const HEIGHT = 32;
/** Black, but for a white square. */
const SQUARE = [0.5, 0.25, 0.125, 0.25] as const;
const picture = new RgbPicture(
  Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const x = (Math.floor(i / 3) % WIDTH) / WIDTH;
    const y = Math.floor(i / 3 / WIDTH) / HEIGHT;
    const [left, top, width, height] = SQUARE;
    return x >= left && x < left + width && y >= top && y < top + height ? 255 : 0;
  }),
  WIDTH,
  HEIGHT,
);

/** A model that finds what is white in its input, of any size. */
function whiteFinder(inputStep?: number) {
  const shapes: (readonly number[])[] = [];
  const graph: Graph = {
    input: { name: 'image', type: 'float32' },
    outputs: ['box'],
    async run({ data, shape }) {
      shapes.push(shape);
      const [pictures = 0, rows = 0, columns = 0] = shape;
      const boxes = Array.from({ length: pictures }, (_, picture) => {
        const lit = Array.from({ length: rows * columns }, (_, i) => i).filter(
          (i) => (data[(picture * rows * columns + i) * 3] ?? 0) > 127,
        );
        const xs = lit.map((i) => i % columns);
        const ys = lit.map((i) => Math.floor(i / columns));
        const left = Math.min(...xs) / columns;
        const top = Math.min(...ys) / rows;
        return lit.length === 0
          ? [0, 0, 0, 0]
          : [left, top, (Math.max(...xs) + 1) / columns - left, (Math.max(...ys) + 1) / rows - top];
      });
      return [{ shape: [pictures, 4], data: Float32Array.from(boxes.flat()) }];
    },
    dispose() {},
  };
  const detector = new GraphDetector({
    model: { name: 'white', sha256: '' },
    graph,
    input: { width: 32, height: 16, layout: 'nhwc', range: '0..255', order: 'rgb', resize: 'stretch' },
    ...(inputStep === undefined ? {} : { inputStep }),
    reader: {
      outputs: ['box'],
      read([output]) {
        const [left = 0, top = 0, width = 0, height = 0] = output?.data ?? [];
        return width === 0 ? [] : [{ classIndex: 0, score: 0.9, left, top, width, height }];
      },
    },
    labelOf: () => 'thing',
    labels: ['thing'],
    groupOf: (label) => label,
    iou: 0.5,
    maxBatch: 2,
  });
  return { detector, shapes };
}

test('each look has as many pixels as it asks for, and boxes are where they are in the picture', async () => {
  const { detector, shapes } = whiteFinder(8);
  assert.equal(detector.inputStep, 8);
  const looks = [
    { region: [0.25, 0, 0.5, 1] as const, input: { width: 128, height: 64 } },
    { region: [0, 0, 0.25, 0.5] as const, input: { width: 8, height: 8 } },
    { region: [0, 0, 1, 1] as const, input: { width: 32, height: 16 } },
  ];
  const found = await detector.detect(picture, { minScore: 0.5, looks });
  assert.deepEqual(shapes, [
    [1, 64, 128, 3],
    [1, 8, 8, 3],
    [1, 16, 32, 3],
  ]);
  // Seen by two of them, answered once.
  assert.equal(found.length, 1);
  for (const [i, value] of (found[0]?.box ?? []).entries()) {
    assert.ok(Math.abs(value - (SQUARE[i] ?? Number.NaN)) < 0.02);
  }
});

test('a model of one size gives each look its own input', async () => {
  const { detector, shapes } = whiteFinder();
  assert.equal(detector.inputStep, undefined);
  const look = { region: [0.25, 0, 0.5, 1] as const, input: { width: 128, height: 64 } };
  const found = await detector.detect(picture, { minScore: 0.5, looks: [look, look, look] });
  assert.deepEqual(shapes, [
    [2, 16, 32, 3],
    [1, 16, 32, 3],
  ]);
  assert.equal(found.length, 1);
});

test('no looks find nothing', async () => {
  const { detector, shapes } = whiteFinder(8);
  assert.deepEqual(await detector.detect(picture, { minScore: 0.5, looks: [] }), []);
  assert.deepEqual(shapes, []);
});
