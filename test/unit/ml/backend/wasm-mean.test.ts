import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBackend } from '../../../../ml/backend/start-backend.ts';
import { tinyGraph } from './tiny-graph.ts';

const SHAPE = [2, 3, 5, 4];
const PICTURES = Float32Array.from({ length: 2 * 3 * 5 * 4 }, (_, i) => ((i * 7919) % 101) - 50);

/** Over rows and columns, counted one by one. */
function meansOverMaps(): number[] {
  const means = new Array<number>(2 * 4).fill(0);
  for (const [i, value] of PICTURES.entries()) {
    const place = Math.floor(i / (3 * 5 * 4)) * 4 + (i % 4);
    means[place] = (means[place] ?? 0) + value / 15;
  }
  return means;
}

async function meanOf(axes: readonly number[], keepsAxes: boolean) {
  const backend = await startBackend();
  const before = backend.tensorCount;
  const attr = { T: { type: 'DT_FLOAT' }, keep_dims: { b: keepsAxes } };
  const graph = await backend.load(
    tinyGraph({
      shape: SHAPE,
      nodes: [{ name: 'mean', op: 'Mean', input: ['image', 'axes'], attr }],
      weights: [{ name: 'axes', shape: [axes.length], values: Int32Array.from(axes) }],
    }),
  );
  const [mean] = await graph.run({ data: PICTURES, shape: SHAPE }, ['mean']);
  graph.dispose();
  assert.equal(backend.tensorCount, before);
  assert.ok(mean !== undefined);
  return mean;
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs((actual[i] ?? Number.NaN) - value) < 1e-4);
}

test('means over whole maps, pooled: the numbers and shapes of a mean, whatever the axes are called', async () => {
  for (const axes of [
    [1, 2],
    [2, 1],
    [-3, -2],
  ]) {
    const kept = await meanOf(axes, true);
    assert.deepEqual(kept.shape, [2, 1, 1, 4]);
    assertClose(kept.data, meansOverMaps());
    const dropped = await meanOf(axes, false);
    assert.deepEqual(dropped.shape, [2, 4]);
    assertClose(dropped.data, meansOverMaps());
  }
});

test('all other means are what they were', async () => {
  const all = await meanOf([0, 1, 2, 3], false);
  assert.deepEqual(all.shape, []);
  assertClose(all.data, [PICTURES.reduce((sum, value) => sum + value, 0) / PICTURES.length]);
  const channels = await meanOf([3], true);
  assert.deepEqual(channels.shape, [2, 3, 5, 1]);
  assertClose(
    channels.data,
    Array.from(
      { length: 30 },
      (_, i) => PICTURES.subarray(i * 4, i * 4 + 4).reduce((sum, value) => sum + value, 0) / 4,
    ),
  );
});
