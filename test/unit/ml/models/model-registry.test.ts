import assert from 'node:assert/strict';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtInModelPath } from '../../../../ml/models/built-in-models.ts';
import { loadDetector } from '../../../../ml/models/load-detector.ts';
import { ModelError } from '../../../../ml/models/model-error.ts';
import { graphOf, hashOf, readGraph, readGraphFiles } from '../../../../ml/models/model-files.ts';
import { ModelRegistry } from '../../../../ml/models/model-registry.ts';
import { warmUp } from '../../../../ml/models/warm-up.ts';
import { temporaryFolder, writeModel, YOLO_GRAPH, YOLO_MANIFEST } from './model-folders.ts';

const is = (code: string) => (error: unknown) => error instanceof ModelError && error.code === code;

test('the built-in model is there without any folder, and is always the same', async () => {
  const registry = new ModelRegistry(undefined);
  const { models, broken } = await registry.list();
  assert.deepEqual([models.map(({ identity }) => identity.name), broken], [['centernet'], []]);
  assert.deepEqual((await registry.find('centernet')).identity, models[0]?.identity);
  assert.match(models[0]?.identity.sha256 ?? '', /^[0-9a-f]{64}$/);
  assert.equal(models[0]?.manifest.labels.length, 80);
});

test('it is loaded in the shape of the camera, and looks for what is wanted', async () => {
  const model = await new ModelRegistry(undefined).find('centernet');
  const upright = await loadDetector(model, { aspect: 9 / 16, profile: 'fast' });
  assert.deepEqual(upright.input, { width: 224, height: 384 });
  assert.ok(upright.labels.includes('person') && !upright.labels.includes('laptop'));
  await warmUp(upright);
  upright.dispose();
  const vehicles = await loadDetector(model, {
    aspect: 4 / 3,
    profile: 'balanced',
    labels: ['vehicle', 'laptop', 'unicorn'],
  });
  assert.deepEqual(vehicles.input, { width: 384, height: 288 });
  assert.deepEqual(vehicles.labels, ['car', 'motorcycle', 'bus', 'truck', 'laptop']);
  vehicles.dispose();
});

test('models of faces are files of the same kind', async () => {
  for (const name of ['blazeface', 'faceres'] as const) {
    const { graph, sha256 } = await readGraph(builtInModelPath(name));
    assert.equal(graph.input.shape.at(-1), 3);
    assert.match(sha256, /^[0-9a-f]{64}$/);
  }
});

test('names are names of folders, never paths', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = new ModelRegistry(join(folder, 'models'));
  for (const name of [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '.hidden',
    'x'.repeat(65),
    'ä',
    '__proto__',
    'a\0b',
  ]) {
    await assert.rejects(registry.find(name), is('bad-name'));
  }
  for (const name of ['constructor', 'toString', 'yolo'])
    await assert.rejects(registry.find(name), is('not-found'));
});

test('folders that are no models are told of, and hide no others', async (t) => {
  const folder = await temporaryFolder(t);
  await writeModel(join(folder, 'no-manifest'), YOLO_GRAPH);
  await writeModel(join(folder, 'not-pinned'), YOLO_GRAPH, YOLO_MANIFEST);
  await writeModel(
    join(folder, 'no-weights'),
    { ...YOLO_GRAPH, weights: [] },
    { ...YOLO_MANIFEST, sha256: '0'.repeat(64) },
  );
  await writeModel(join(folder, 'good'), YOLO_GRAPH);
  const { files } = await readGraphFiles(join(folder, 'good', 'model.json'));
  await writeFile(
    join(folder, 'good', 'manifest.json'),
    JSON.stringify({ ...YOLO_MANIFEST, sha256: hashOf(files) }),
  );
  await symlink(join(folder, 'good'), join(folder, 'linked'));
  await writeFile(join(folder, 'a-file'), '');
  const { models, broken } = await new ModelRegistry(folder).list();
  assert.deepEqual(
    models.map(({ identity }) => identity.name),
    ['centernet', 'good', 'linked'],
  );
  assert.deepEqual(
    broken.map(({ name, error }) => [name, error.code]),
    [
      ['no-manifest', 'not-found'],
      ['no-weights', 'changed'],
      ['not-pinned', 'bad-manifest'],
    ],
  );
});

test('weights that are not whole are refused', async (t) => {
  const folder = await temporaryFolder(t);
  await writeModel(folder, YOLO_GRAPH);
  const weights = await readFile(join(folder, 'weights.bin'));
  await writeFile(join(folder, 'weights.bin'), weights.subarray(1));
  const files = await readGraphFiles(join(folder, 'model.json'));
  assert.throws(() => graphOf(files), is('bad-graph'));
});

test('a hash is of names and contents, in any order', () => {
  const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });
  const hash = hashOf([file('a', '1'), file('b', '2')]);
  assert.equal(hashOf([file('b', '2'), file('a', '1')]), hash);
  for (const other of [
    [file('a', '1'), file('b', '3')],
    [file('a', '1'), file('c', '2')],
    [file('a', '12'), file('b', '')],
    [file('a', '1')],
  ]) {
    assert.notEqual(hashOf(other), hash);
  }
});
