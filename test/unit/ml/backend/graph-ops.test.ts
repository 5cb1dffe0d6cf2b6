import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getKernel } from '@tensorflow/tfjs-core';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { ALLOWED_OPS, isDynamic, requireAllowedOps } from '../../../../ml/backend/graph-ops.ts';
import { startBackend } from '../../../../ml/backend/start-backend.ts';

const node = (name: string, op: string, ...input: string[]) => ({ name, op, input });
const versions = {};

test('every operation on the list has its kernels in the engine that is always there', async () => {
  const { name } = await startBackend();
  const missing = Array.from(ALLOWED_OPS).flatMap(([op, kernels]) =>
    kernels.filter((kernel) => getKernel(kernel, name) === undefined).map((kernel) => `${op}: ${kernel}`),
  );
  assert.deepEqual(missing, []);
});

test('operations that are not on the list, or whose kernel is not there, are refused', () => {
  const isUnsupported = (error: unknown) => error instanceof BackendError && error.code === 'unsupported-op';
  for (const op of [
    'Print',
    'HashTableV2',
    'RandomUniform',
    'StringSplit',
    'PyFunc',
    'toString',
    '__proto__',
    'x'.repeat(1000),
  ]) {
    assert.throws(() => requireAllowedOps({ node: [node('a', op)], versions }, () => true), isUnsupported);
    const library = { function: [{ nodeDef: [node('a', op)] }] };
    assert.throws(
      () => requireAllowedOps({ node: [node('b', 'Relu')], library, versions }, () => true),
      isUnsupported,
    );
  }
  assert.throws(() => requireAllowedOps({ node: [node('a', 'Relu')], versions }, () => false), isUnsupported);
  requireAllowedOps({ node: [node('a', 'Relu'), node('b', 'Mul')], versions }, (kernel) =>
    ['Relu', 'Multiply'].includes(kernel),
  );
});

test('only outputs that control flow leads to need asynchronous running', () => {
  const topology = {
    versions,
    node: [
      node('image', 'Placeholder'),
      node('plain', 'Relu', 'image'),
      node('chosen', 'Where', 'plain:0'),
      node('counted', 'Shape', '^chosen', 'plain'),
      node('loop', 'Relu', 'loop', 'plain'),
    ],
  };
  assert.equal(isDynamic(topology, ['plain']), false);
  assert.equal(isDynamic(topology, ['chosen:0']), true);
  assert.equal(isDynamic(topology, ['plain', 'counted']), true);
  assert.equal(isDynamic(topology, ['loop', 'nowhere']), false);
});
