import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYolo } from '../../../../ml/detect/yolo.ts';

const INPUT = { width: 640, height: 320 };
/** Centre and size in pixels, and scores of two classes. */
const BOXES = [
  [320, 160, 64, 32, 0.25, 0.75],
  [32, 16, 64, 32, 0.5, 0.125],
  [600, 300, 10, 10, 0.125, 0.125],
];
const EXPECTED = [
  { classIndex: 1, score: 0.75, left: 0.45, top: 0.45, width: 0.1, height: 0.1 },
  { classIndex: 0, score: 0.5, left: 0, top: 0, width: 0.1, height: 0.1 },
];

const close = (found: readonly object[], expected: readonly object[]) =>
  assert.deepEqual(
    found.map((one) =>
      Object.entries(one).map(([key, value]) => [key, Number((value as number).toFixed(6))]),
    ),
    expected.map((one) => Object.entries(one)),
  );

test('channels first: a row for each coordinate and class', () => {
  const values = new Float32Array(
    BOXES[0]?.flatMap((_, channel) => BOXES.map((box) => box[channel] ?? 0)) ?? [],
  );
  close(decodeYolo({ values, boxes: 3, channels: 6 }, 'channels-first', INPUT, 0.25), EXPECTED);
});

test('boxes first: a row for each box, classes are weighed by the objectness', () => {
  const rows = BOXES.map(([x = 0, y = 0, w = 0, h = 0, a = 0, b = 0]) => [x, y, w, h, 0.5, a * 2, b * 2]);
  const values = new Float32Array(rows.flat());
  close(decodeYolo({ values, boxes: 3, channels: 7 }, 'boxes-first', INPUT, 0.25), EXPECTED);
  // A box that is hardly one is not looked at, however sure its class is.
  const unlikely = new Float32Array([1, 1, 1, 1, 0.1, 1, 1]);
  assert.deepEqual(decodeYolo({ values: unlikely, boxes: 1, channels: 7 }, 'boxes-first', INPUT, 0.25), []);
});

test('fractions of the input', () => {
  const values = new Float32Array([0.5, 0.5, 0.25, 0.5, 0.75]);
  const [found] = decodeYolo(
    { values, boxes: 1, channels: 5 },
    'channels-first',
    { width: 1, height: 1 },
    0.5,
  );
  assert.deepEqual(found, { classIndex: 0, score: 0.75, left: 0.375, top: 0.25, width: 0.25, height: 0.5 });
});

test('no classes, no numbers', () => {
  const values = new Float32Array(4).fill(Number.NaN);
  assert.deepEqual(decodeYolo({ values, boxes: 1, channels: 4 }, 'channels-first', INPUT, 0.1), []);
  assert.deepEqual(
    decodeYolo(
      { values: new Float32Array(6).fill(Number.NaN), boxes: 1, channels: 6 },
      'channels-first',
      INPUT,
      0,
    ),
    [],
  );
});
