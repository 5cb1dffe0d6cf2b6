import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import { openBackend, startBackend } from '../../../../ml/backend/start-backend.ts';

test('there is an engine with vector instructions, and one of it in a process', async () => {
  const backend = await startBackend();
  assert.ok(['wasm', 'tensorflow'].includes(backend.name));
  assert.equal(backend.simd, true);
  assert.equal(await startBackend(), backend);
});

test('an engine that is installed and does not start is passed over, and told of', async () => {
  const broken = {
    name: 'tensorflow',
    register: () => Promise.reject(new Error('libtensorflow.so is missing')),
  };
  const absent = { name: 'other', register: async () => false };
  const { name } = await startBackend();
  const backend = await openBackend([broken, absent, { name, register: async () => true }]);
  assert.equal(backend.name, name);
  assert.deepEqual(backend.problems, ['tensorflow: libtensorflow.so is missing']);
});

test('plain JavaScript is no engine: without another one nothing is looked at', async () => {
  const nothing = { name: 'wasm', register: () => Promise.reject(new Error('no WebAssembly here')) };
  await assert.rejects(
    openBackend([nothing]),
    (error) =>
      error instanceof BackendError &&
      error.code === 'unavailable' &&
      /plain JavaScript is refused/.test(error.message),
  );
  await assert.rejects(
    openBackend([]),
    (error) => error instanceof BackendError && error.code === 'unavailable',
  );
});
