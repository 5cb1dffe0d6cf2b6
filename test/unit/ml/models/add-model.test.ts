import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addModel } from '../../../../ml/models/add-model.ts';
import { loadDetector } from '../../../../ml/models/load-detector.ts';
import { ModelError } from '../../../../ml/models/model-error.ts';
import { ModelRegistry } from '../../../../ml/models/model-registry.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';
import { FLOAT, type TinyGraph } from '../backend/tiny-graph.ts';
import { temporaryFolder, writeModel, YOLO_GRAPH, YOLO_MANIFEST } from './model-folders.ts';

const WHITE = new RgbPicture(new Uint8Array(64 * 64 * 3).fill(255), 64, 64);
const is = (code: string) => (error: unknown) => error instanceof ModelError && error.code === code;
const LOAD = { aspect: 1, profile: 'balanced' } as const;

test('a YOLO of one’s own is added by its model.json, found, loaded, and looks', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = join(folder, 'registry');
  await writeModel(join(folder, 'source'), YOLO_GRAPH);
  const steps: string[] = [];
  const { model, trial } = await addModel({
    source: join(folder, 'source', 'model.json'),
    name: 'tiny',
    directory,
    facts: { family: 'yolo', labels: ['person', 'car'], resize: 'stretch', threshold: 0.5 },
    onStep: (text) => steps.push(text),
  });
  assert.equal(steps.length, 3);
  assert.deepEqual(trial.input, { width: 32, height: 32 });
  assert.deepEqual(model.manifest.outputs, { detections: 'out', layout: 'channels-first', units: 'pixels' });
  assert.deepEqual((await readdir(directory)).toSorted(), ['tiny']);
  const registry = new ModelRegistry(directory);
  const found = await registry.find('tiny');
  assert.deepEqual(found.identity, model.identity);
  const detector = await loadDetector(found, LOAD);
  assert.deepEqual(
    (await detector.detect(WHITE, { minScore: 0.5 })).map(({ label, score, box }) => [
      label,
      Number(score.toFixed(3)),
      box,
    ]),
    [
      ['person', 0.9, [0.125, 0.25, 0.25, 0.5]],
      ['car', 0.8, [0.625, 0.25, 0.25, 0.5]],
    ],
  );
  detector.dispose();
  const onlyCars = await loadDetector(found, { ...LOAD, labels: ['vehicle'] });
  assert.deepEqual(
    (await onlyCars.detect(WHITE, { minScore: 0.1 })).map(({ label }) => label),
    ['car'],
  );
  onlyCars.dispose();
  // Whatever becomes of the source, the registry has its own copy; and a model that was changed is not used.
  await writeFile(join(directory, 'tiny', 'weights.bin'), Buffer.alloc(4 * (3 + 3 + 8 + 4 + 1)));
  await assert.rejects(registry.find('tiny'), is('changed'));
  await assert.rejects(loadDetector(found, LOAD), is('changed'));
  const { models, broken } = await registry.list();
  assert.deepEqual(
    [models.map(({ identity }) => identity.name), broken.map(({ name, error }) => [name, error.code])],
    [['centernet'], [['tiny', 'changed']]],
  );
});

test('a custom model brings the module that reads its numbers', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = join(folder, 'registry');
  const manifest = {
    family: 'custom',
    input: { width: 32, height: 32, range: '0..1' },
    outputs: { names: ['scores', 'places'] },
    labels: ['person', 'car'],
    module: 'read.ts',
  };
  const module = `
    interface Output { readonly shape: readonly number[]; readonly data: Float32Array }
    export default ([scores]: readonly Output[], { labels }: { labels: readonly string[] }) =>
      labels.map((_, classIndex) => ({ classIndex, score: scores.data[classIndex], left: 0, top: 0, width: 1, height: 0.5 }));
  `;
  await writeModel(join(folder, 'source'), YOLO_GRAPH, manifest, { 'read.ts': module });
  const { model } = await addModel({ source: join(folder, 'source'), name: 'own', directory });
  assert.deepEqual((await readdir(join(directory, 'own'))).toSorted(), [
    'manifest.json',
    'model.json',
    'read.ts',
    'weights.bin',
  ]);
  const detector = await loadDetector(model, LOAD);
  assert.deepEqual(
    (await detector.detect(WHITE, { minScore: 0.5 })).map(({ label, box }) => [label, box]),
    [['person', [0, 0, 1, 0.5]]],
  );
  detector.dispose();
});

test('a name that is taken is refused, unless it is to be replaced', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = join(folder, 'registry');
  const source = join(folder, 'source');
  await writeModel(source, YOLO_GRAPH, YOLO_MANIFEST);
  const first = await addModel({ source, name: 'mine', directory });
  await assert.rejects(addModel({ source, name: 'mine', directory }), is('exists'));
  await assert.rejects(addModel({ source, name: 'centernet', directory }), is('exists'));
  await writeModel(source, YOLO_GRAPH, { ...YOLO_MANIFEST, threshold: 0.6 });
  const second = await addModel({ source, name: 'mine', directory, replace: true });
  assert.notEqual(second.model.identity.sha256, first.model.identity.sha256);
  assert.deepEqual(await readdir(directory), ['mine']);
  assert.match(await readFile(join(directory, 'mine', 'manifest.json'), 'utf8'), /"threshold": 0.6/);
});

const FRAME = { T: { type: 'DT_FLOAT' }, frame_name: { s: Buffer.from('loop').toString('base64') } };

/** A loop that never ends: while what is above 0 is above 0, or equal. */
const ENDLESS: TinyGraph = {
  shape: [1, 32, 32, 3],
  nodes: [
    { name: 'enter', op: 'Enter', input: ['image'], attr: { ...FRAME, is_constant: { b: false } } },
    { name: 'merge', op: 'Merge', input: ['enter', 'next'], attr: FLOAT },
    { name: 'isGood', op: 'GreaterEqual', input: ['merge', 'zero'], attr: FLOAT },
    { name: 'condition', op: 'LoopCond', input: ['isGood'], attr: {} },
    { name: 'switch', op: 'Switch', input: ['merge', 'condition'], attr: FLOAT },
    { name: 'body', op: 'Relu', input: ['switch:1'], attr: FLOAT },
    { name: 'next', op: 'NextIteration', input: ['body'], attr: FLOAT },
    { name: 'out', op: 'Exit', input: ['switch'], attr: FLOAT },
  ],
  weights: [{ name: 'zero', shape: [], values: new Float32Array([0]) }],
};

test('what cannot be used is not added, and leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = join(folder, 'registry');
  const source = join(folder, 'source');
  const attempt = (limits = { timeoutMs: 30_000, maxRssBytes: 1e9 }) =>
    addModel({ source, name: 'bad', directory, limits });
  await assert.rejects(
    addModel({ source: join(folder, 'nowhere'), name: 'bad', directory }),
    is('not-found'),
  );
  await assert.rejects(addModel({ source, name: '../bad', directory }), is('bad-name'));
  await writeModel(source, YOLO_GRAPH);
  await assert.rejects(attempt(), is('not-found'));
  await writeModel(source, YOLO_GRAPH, {
    ...YOLO_MANIFEST,
    outputs: { ...YOLO_MANIFEST.outputs, detections: 'nowhere' },
  });
  await assert.rejects(attempt(), is('failed'));
  await writeModel(source, YOLO_GRAPH, { ...YOLO_MANIFEST, input: { width: 64, height: 64 } });
  await assert.rejects(attempt(), is('bad-graph'));
  await writeModel(
    source,
    { ...YOLO_GRAPH, nodes: [...YOLO_GRAPH.nodes, { name: 'print', op: 'Print', input: ['out'] }] },
    YOLO_MANIFEST,
  );
  await assert.rejects(attempt(), is('unsupported'));
  await writeModel(source, ENDLESS, YOLO_MANIFEST);
  await assert.rejects(attempt({ timeoutMs: 2500, maxRssBytes: 1e9 }), is('timeout'));
  const huge = { name: 'sizes', shape: [1], values: new Int32Array([200_000_000]) };
  const zero = { name: 'zero', shape: [], values: new Float32Array([0]) };
  const fill = { name: 'out', op: 'Fill', input: ['sizes', 'zero'], attr: { T: { type: 'DT_FLOAT' } } };
  await writeModel(source, { shape: [1, 32, 32, 3], nodes: [fill], weights: [huge, zero] }, YOLO_MANIFEST);
  await assert.rejects(attempt({ timeoutMs: 30_000, maxRssBytes: 300e6 }), is('failed'));
  assert.deepEqual(await readdir(directory), []);
});
