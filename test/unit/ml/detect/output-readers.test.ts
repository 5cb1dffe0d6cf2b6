import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { customReader, loadPostprocess } from '../../../../ml/detect/custom.ts';
import { centernetReader, ssdReader, yoloReader } from '../../../../ml/detect/output-readers.ts';

const isFailure = (error: unknown) => error instanceof BackendError && error.code === 'failed';
const floats = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
});
const SQUARE = { width: 64, height: 64 };

test('outputs of the wrong shape are told of, not read', () => {
  const centernet = centernetReader({ scores: 's', sizes: 'z' });
  assert.ok(centernet.read([floats(2, 2, 3), floats(2, 2, 4)], 0.4).length > 0);
  for (const outputs of [
    [],
    [floats(2, 2, 3)],
    [floats(2, 2), floats(2, 2, 4)],
    [floats(2, 2, 3), floats(2, 3, 4)],
  ]) {
    assert.throws(() => centernet.read(outputs, 0.5), isFailure);
  }
  const ssd = ssdReader({ boxes: 'b', scores: 's', classes: 'c', count: 'n' });
  assert.deepEqual(ssd.outputs, ['b', 's', 'c', 'n']);
  assert.equal(
    ssd.read([floats(3, 4), floats(3), floats(3), { shape: [], data: new Float32Array([2]) }], 0.4).length,
    2,
  );
  for (const outputs of [
    [floats(3, 5), floats(3), floats(3), floats(1)],
    [floats(3, 4), floats(4), floats(3), floats(1)],
    [floats(3, 4), floats(3), floats(2), floats(1)],
    [floats(3, 4), floats(3)],
  ]) {
    assert.throws(() => ssd.read(outputs, 0.5), isFailure);
  }
  const raw = ssdReader({ boxes: 'b', scores: 's' });
  assert.equal(raw.read([floats(3, 1, 4), floats(3, 2)], 0.4).length, 6);
  assert.throws(() => raw.read([floats(3, 4), { shape: [3], data: new Int32Array(3) }], 0.4), isFailure);
  assert.throws(() => raw.read([floats(3, 4), { shape: [3], data: new Uint8Array(3) }], 0.4), isFailure);
  const yolo = yoloReader({ detections: 'd', layout: 'channels-first', units: 'fractions' }, SQUARE);
  assert.equal(yolo.read([floats(6, 10)], 0.4).length, 10);
  assert.throws(() => yolo.read([floats(4, 10)], 0.4), isFailure);
  assert.throws(() => yolo.read([floats(1, 6, 10)], 0.4), isFailure);
});

test('a module of the model reads its numbers; what it answers is looked at', () => {
  const found = { classIndex: 1, score: 0.75, left: 0, top: 0, width: 0.5, height: 0.5 };
  const context = { input: SQUARE, labels: ['a', 'b'] };
  const seen: unknown[] = [];
  const reader = customReader(
    ['x'],
    (outputs, given) => {
      seen.push(outputs, given);
      return [found, { ...found, score: 0.1 }];
    },
    context,
  );
  assert.deepEqual(reader.read([floats(1)], 0.5), [found]);
  assert.deepEqual(seen, [[floats(1)], { ...context, minScore: 0.5 }]);
  for (const answer of [
    undefined,
    'no',
    [1],
    [{ ...found, score: '1' }],
    [null],
    new Array(20_000).fill(found),
  ]) {
    assert.throws(() => customReader(['x'], () => answer as never, context).read([], 0.5), isFailure);
  }
  const throwing = customReader(
    ['x'],
    () => {
      throw new TypeError('no such thing');
    },
    context,
  );
  assert.throws(() => throwing.read([], 0.5), isFailure);
});

test('a module that is not there, or is none', async () => {
  await assert.rejects(loadPostprocess('file:///nowhere/postprocess.ts'), isFailure);
  await assert.rejects(loadPostprocess('data:text/javascript,export default 5'), isFailure);
  await assert.rejects(loadPostprocess('data:text/javascript,export default ('), isFailure);
  const module = await loadPostprocess('data:text/javascript,export default () => []');
  assert.deepEqual(module([], { input: SQUARE, labels: [], minScore: 0 }), []);
});
