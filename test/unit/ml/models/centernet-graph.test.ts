import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBackend } from '../../../../ml/backend/start-backend.ts';
import { builtInModelPath } from '../../../../ml/models/built-in-models.ts';
import { isReshapeable, reshapeCenternet } from '../../../../ml/models/centernet-graph.ts';
import { ModelError } from '../../../../ml/models/model-error.ts';
import { readGraph } from '../../../../ml/models/model-files.ts';
import { FLOAT, tinyGraph } from '../backend/tiny-graph.ts';

const OUTPUTS = ['tower_0/keypoints', 'tower_0/wh'];
const ALL = Array.from({ length: 80 }, (_, index) => index);

/** A picture that is not one colour. */
function pixels(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (i * 37 + ((i * i) % 101)) % 256);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++)
    largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}

test('re-shaped to its own size, it answers what it answered; of fewer classes, the same for each', async () => {
  const backend = await startBackend();
  const { graph } = await readGraph(builtInModelPath('centernet'));
  assert.ok(isReshapeable(graph));
  const input = { data: pixels(512 * 512 * 3), shape: [1, 512, 512, 3] };
  const answers = [];
  const kept = [2, 0, 79];
  for (const one of [graph, reshapeCenternet(graph, ALL), reshapeCenternet(graph, kept)]) {
    const loaded = await backend.load(one);
    answers.push(await loaded.run(input, OUTPUTS));
    loaded.dispose();
  }
  const [original, same, fewer] = answers.map(([scores, sizes]) => ({ scores, sizes }));
  assert.deepEqual(same?.scores?.shape, [1, 128, 128, 80]);
  assert.deepEqual(fewer?.scores?.shape, [1, 128, 128, 3]);
  const scores = original?.scores?.data ?? [];
  assert.ok(largestDifference(scores, same?.scores?.data ?? []) < 1e-4);
  assert.ok(largestDifference(original?.sizes?.data ?? [], same?.sizes?.data ?? []) < 0.05);
  const expected = Float32Array.from(
    { length: 128 * 128 * 3 },
    (_, i) => scores[Math.floor(i / 3) * 80 + (kept[i % 3] ?? 0)] ?? 0,
  );
  assert.ok(largestDifference(expected, fewer?.scores?.data ?? []) < 1e-4);
});

test('another size, and several pictures at once: each is answered as it is alone', async () => {
  const backend = await startBackend();
  const { graph } = await readGraph(builtInModelPath('centernet'));
  const loaded = await backend.load(reshapeCenternet(graph, [0]));
  const one = pixels(192 * 96 * 3);
  const other = one.toReversed();
  const both = new Float32Array([...one, ...other]);
  const [together] = await loaded.run({ data: both, shape: [2, 96, 192, 3] }, OUTPUTS);
  assert.deepEqual(together?.shape, [2, 24, 48, 1]);
  for (const [index, data] of [one, other].entries()) {
    const [alone] = await loaded.run({ data, shape: [1, 96, 192, 3] }, OUTPUTS);
    const part = together?.data.subarray(index * 24 * 48, (index + 1) * 24 * 48) ?? [];
    assert.ok(largestDifference(alone?.data ?? [], part) < 1e-4);
  }
  loaded.dispose();
});

test('another graph is not re-shaped', async () => {
  const graph = tinyGraph({
    shape: [1, 8, 8, 3],
    nodes: [{ name: 'out', op: 'Relu', input: ['image'], attr: FLOAT }],
  });
  assert.equal(isReshapeable(graph), false);
  assert.throws(() => reshapeCenternet(graph, [0]), ModelError);
  const { graph: known } = await readGraph(builtInModelPath('centernet'));
  for (const classes of [[], [80], [-1]]) assert.throws(() => reshapeCenternet(known, classes), ModelError);
});
