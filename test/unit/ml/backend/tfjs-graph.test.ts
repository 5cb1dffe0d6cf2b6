import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { startBackend } from '../../../../ml/backend/start-backend.ts';
import { FLOAT, tinyGraph } from './tiny-graph.ts';

const isFailure = (code: string) => (error: unknown) => error instanceof BackendError && error.code === code;
const PICTURE = { data: new Float32Array([1, -2, 3]), shape: [1, 1, 1, 3] };

test('a graph is run, answers by name, and leaves no tensor behind', async () => {
  const backend = await startBackend();
  const before = backend.tensorCount;
  const graph = await backend.load(
    tinyGraph({
      shape: [1, 1, 1, 3],
      nodes: [
        { name: 'relu', op: 'Relu', input: ['image'], attr: FLOAT },
        { name: 'double', op: 'Mul', input: ['relu', 'two'], attr: FLOAT },
      ],
      weights: [{ name: 'two', shape: [1], values: new Float32Array([2]) }],
    }),
  );
  assert.deepEqual(graph.outputs, ['double']);
  const loaded = backend.tensorCount;
  for (let round = 0; round < 5; round++) {
    const [double, relu] = await graph.run(PICTURE, ['double', 'relu']);
    assert.deepEqual(double, { shape: [1, 1, 1, 3], data: new Float32Array([2, 0, 6]) });
    assert.deepEqual(relu?.data, new Float32Array([1, 0, 3]));
    // One tensor that stands for two outputs; the input as an output; a weight as one.
    await graph.run(PICTURE, ['relu', 'relu', 'image']);
    const [two] = await graph.run(PICTURE, ['two']);
    assert.deepEqual(two?.data, new Float32Array([2]));
    assert.equal(backend.tensorCount, loaded);
  }
  await assert.rejects(graph.run(PICTURE, ['nowhere']), isFailure('failed'));
  await assert.rejects(graph.run({ ...PICTURE, shape: [1, 3, 1, 1] }, ['double']), isFailure('failed'));
  await assert.rejects(graph.run({ ...PICTURE, shape: [1, 5, 1, 3] }, ['double']), isFailure('failed'));
  assert.equal(backend.tensorCount, loaded);
  graph.dispose();
  assert.equal(backend.tensorCount, before);
});

test('an integer picture, and an output whose size only running tells', async () => {
  const backend = await startBackend();
  const graph = await backend.load(
    tinyGraph({
      shape: [1, 1, 1, 3],
      dtype: 'DT_UINT8',
      nodes: [
        { name: 'bright', op: 'Greater', input: ['image', 'limit'], attr: { T: { type: 'DT_INT32' } } },
        { name: 'where', op: 'Where', input: ['bright'], attr: {} },
      ],
      weights: [{ name: 'limit', shape: [1], values: new Int32Array([100]) }],
    }),
  );
  assert.equal(graph.input.type, 'int32');
  const loaded = backend.tensorCount;
  const [where] = await graph.run({ data: new Int32Array([10, 200, 101]), shape: [1, 1, 1, 3] }, ['where']);
  assert.deepEqual(where?.shape, [2, 4]);
  assert.equal(backend.tensorCount, loaded);
  graph.dispose();
});

test('a graph with an operation that is not allowed is not loaded', async () => {
  const backend = await startBackend();
  const graph = tinyGraph({ shape: [1, 1, 1, 3], nodes: [{ name: 'says', op: 'Print', input: ['image'] }] });
  await assert.rejects(backend.load(graph), isFailure('unsupported-op'));
});

test('a graph that leads nowhere is refused or fails, in words', async () => {
  const backend = await startBackend();
  const before = backend.tensorCount;
  for (const nodes of [
    [
      { name: 'a', op: 'Relu', input: ['b'], attr: FLOAT },
      { name: 'b', op: 'Relu', input: ['a'], attr: FLOAT },
    ],
    [{ name: 'a', op: 'Add', input: ['image', 'missing'], attr: FLOAT }],
    [{ name: 'a', op: 'Conv2D', input: ['image', 'image'], attr: {} }],
    [{ name: 'a', op: 'Reshape', input: ['image'] }],
  ]) {
    await assert.rejects(
      async () => {
        const graph = await backend.load(tinyGraph({ shape: [1, 1, 1, 3], nodes }));
        try {
          await graph.run(PICTURE, ['a']);
        } finally {
          graph.dispose();
        }
      },
      (error) => error instanceof BackendError,
    );
    assert.equal(backend.tensorCount, before);
  }
});
