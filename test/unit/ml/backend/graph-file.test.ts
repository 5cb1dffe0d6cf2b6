import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { graphFile, parseGraphHead } from '../../../../ml/backend/graph-file.ts';
import { tinyModel } from './tiny-graph.ts';

const good = () => JSON.parse(GOOD.json) as Record<string, unknown>;
const GOOD = tinyModel({
  shape: [1, 8, 8, 3],
  dtype: 'DT_UINT8',
  nodes: [{ name: 'out', op: 'Add', input: ['image', 'one'] }],
  weights: [{ name: 'one', shape: [1], values: new Float32Array([1]) }],
  outputs: [{ name: 'out:0', shape: [1, 8, 8, 3] }],
});

const refused = (code: string, text: string) =>
  assert.throws(
    () => parseGraphHead(text),
    (error) => error instanceof BackendError && error.code === code,
  );

test('a model says what goes in, what comes out and where its weights are', () => {
  const head = parseGraphHead(GOOD.json);
  assert.deepEqual(head.input, { name: 'image', dtype: 'DT_UINT8', shape: [1, 8, 8, 3] });
  assert.deepEqual(head.outputs, [{ name: 'out:0', shape: [1, 8, 8, 3] }]);
  assert.deepEqual(head.weightFiles, ['weights.bin']);
  assert.equal(graphFile(head, [GOOD.weights]).weights.length, 4);
});

test('weights that are too short or too long for what is said of them are refused', () => {
  const head = parseGraphHead(GOOD.json);
  for (const weights of [GOOD.weights.subarray(1), Buffer.concat([GOOD.weights, GOOD.weights])]) {
    assert.throws(
      () => graphFile(head, [weights]),
      (error) => error instanceof BackendError && error.code === 'bad-graph',
    );
  }
});

test('what is not a graph model is refused', () => {
  for (const text of ['', 'null', '[]', '{}', '{"modelTopology":{"node":[]},"weightsManifest":[]}'])
    refused('bad-graph', text);
  refused('bad-graph', JSON.stringify({ ...good(), format: 'layers-model' }));
});

test('weights are files beside the model: paths, addresses and hidden files are refused', () => {
  for (const path of [
    '../../etc/passwd',
    '/etc/passwd',
    'https://example.org/w.bin',
    'a/b.bin',
    '.bashrc',
    '..',
    '',
  ]) {
    refused('bad-graph', JSON.stringify({ ...good(), weightsManifest: [{ paths: [path], weights: [] }] }));
  }
});

test('a model has one input', () => {
  const node = { name: 'second', op: 'Placeholder' };
  const topology = (good().modelTopology as { node: object[] }).node;
  refused('bad-graph', JSON.stringify({ ...good(), modelTopology: { node: [...topology, node] } }));
  refused(
    'bad-graph',
    JSON.stringify({ ...good(), modelTopology: { node: [{ name: 'out', op: 'Const' }] } }),
  );
});

test('names that mean something to objects are refused', () => {
  const node = '{"name":"__proto__","op":"Const"}';
  refused('bad-graph', GOOD.json.replace('"node":[', `"node":[${node},`));
});

test('weights that claim more than a hundred megabytes are refused before anything is read', () => {
  for (const shape of [[30_000_000], [100_000, 100_000, 100_000], [2 ** 40]]) {
    const weights = [{ name: 'huge', shape, dtype: 'float32' }];
    refused('too-large', JSON.stringify({ ...good(), weightsManifest: [{ paths: ['w.bin'], weights }] }));
  }
});
