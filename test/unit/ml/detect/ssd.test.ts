import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSsd } from '../../../../ml/detect/ssd.ts';

const boxes = new Float32Array([0.25, 0.5, 0.75, 1, 0, 0, 0.5, 0.25, 0.125, 0.125, 0.25, 0.25]);

test('sorted out by the graph: a score and a class for each box, as many as it counts', () => {
  const answer = {
    boxes,
    scores: new Float32Array([0.75, 0.5, 0.25]),
    classes: new Float32Array([1, 18, 3]),
  };
  assert.deepEqual(decodeSsd({ ...answer, count: undefined }, 0.5), [
    { classIndex: 1, score: 0.75, left: 0.5, top: 0.25, width: 0.5, height: 0.5 },
    { classIndex: 18, score: 0.5, left: 0, top: 0, width: 0.25, height: 0.5 },
  ]);
  assert.equal(decodeSsd({ ...answer, count: 1 }, 0.1).length, 1);
  for (const count of [-5, Number.NaN]) assert.deepEqual(decodeSsd({ ...answer, count }, 0.1), []);
  assert.equal(decodeSsd({ ...answer, count: 1e9 }, 0.1).length, 3);
});

test('scored by class: each class of a box that is sure enough', () => {
  const scores = new Float32Array([0.1, 0.75, 0.5, 0.25, 0.1, 0.1]);
  const found = decodeSsd({ boxes, scores, classes: undefined, count: undefined }, 0.25);
  assert.deepEqual(
    found.map(({ classIndex, score, left }) => [classIndex, score, left]),
    [
      [1, 0.75, 0.5],
      [0, 0.5, 0],
      [1, 0.25, 0],
    ],
  );
});

test('nothing, and no numbers', () => {
  const empty = new Float32Array(0);
  assert.deepEqual(decodeSsd({ boxes: empty, scores: empty, classes: undefined, count: undefined }, 0.5), []);
  const scores = new Float32Array(3).fill(Number.NaN);
  assert.deepEqual(decodeSsd({ boxes, scores, classes: scores, count: undefined }, 0.5), []);
});
