import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCenternet } from '../../../../ml/detect/centernet.ts';

const ROWS = 8;
const COLUMNS = 8;
const CLASSES = 3;

/** Numbers with peaks at cells: [row, column, class, score]. */
function numbers(...peaks: readonly (readonly [row: number, column: number, kind: number, score: number])[]) {
  const scores = new Float32Array(ROWS * COLUMNS * CLASSES).fill(0.01);
  const sizes = new Float32Array(ROWS * COLUMNS * 4);
  for (const [row, column, kind, score] of peaks) {
    const cell = row * COLUMNS + column;
    scores[cell * CLASSES + kind] = score;
    sizes.set([8, 4, 8, 12], cell * 4);
  }
  return { scores, sizes, rows: ROWS, columns: COLUMNS, classes: CLASSES };
}

test('an object is where a heat map has its peak; its sides are as far away as the sizes say', () => {
  const [found, ...others] = decodeCenternet(numbers([2, 4, 1, 0.75]), 0.5);
  assert.deepEqual(others, []);
  // Cell (4, 2) is pixel (16, 8) of an input of 32 x 32.
  assert.deepEqual(found, {
    classIndex: 1,
    score: 0.75,
    left: 8 / 32,
    top: 4 / 32,
    width: 16 / 32,
    height: 16 / 32,
  });
});

test('a slope is no peak; of two classes in one cell both are', () => {
  const found = decodeCenternet(
    numbers([2, 4, 1, 0.75], [2, 5, 1, 0.7], [3, 3, 1, 0.6], [2, 4, 2, 0.5], [0, 0, 0, 0.5]),
    0.3,
  );
  assert.deepEqual(
    found.map(({ classIndex, score }) => [classIndex, score]),
    [
      [0, 0.5],
      [1, 0.75],
      [2, 0.5],
    ],
  );
});

test('peaks at all borders are found, and their neighbours on the other side are not theirs', () => {
  const corners = numbers(
    [0, 0, 0, 0.5],
    [0, 7, 0, 0.5],
    [7, 0, 0, 0.5],
    [7, 7, 0, 0.5],
    [3, 0, 0, 0.5],
    [2, 7, 0, 0.75],
  );
  assert.equal(decodeCenternet(corners, 0.3).length, 6);
});

test('the least score counts, whatever rounding does to it; what is no number does not', () => {
  assert.equal(decodeCenternet(numbers([2, 4, 1, 0.35]), 0.35).length, 1);
  assert.equal(decodeCenternet(numbers([2, 4, 1, 0.34]), 0.35).length, 0);
  assert.equal(decodeCenternet(numbers([2, 4, 1, Number.NaN]), 0.35).length, 0);
});
