import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGraphHead } from '../../../../ml/backend/graph-file.ts';
import { draftManifest, type ModelFacts } from '../../../../ml/models/draft-manifest.ts';
import { ModelError } from '../../../../ml/models/model-error.ts';
import { tinyModel } from '../backend/tiny-graph.ts';

type Outputs = readonly { readonly name: string; readonly shape: readonly number[] }[];
const headOf = (shape: readonly number[], outputs: Outputs) =>
  parseGraphHead(tinyModel({ shape, nodes: [{ name: 'out', op: 'Relu', input: ['image'] }], outputs }).json);
const draft = (facts: ModelFacts, outputs: Outputs, shape: readonly number[] = [1, 320, 640, 3]) =>
  draftManifest(headOf(shape, outputs), 'model.json', facts);
const refused = (work: () => unknown, message: RegExp) =>
  assert.throws(
    work,
    (error) => error instanceof ModelError && error.code === 'bad-manifest' && message.test(error.message),
  );

const LABELS = ['person', 'car'];

test('yolo: input, layout and output are found in the graph', () => {
  const first = draft({ family: 'yolo', labels: LABELS }, [{ name: 'Identity:0', shape: [1, 6, 8400] }]);
  assert.deepEqual(first.input, {
    width: 640,
    height: 320,
    layout: 'nhwc',
    range: '0..1',
    order: 'rgb',
    resize: 'letterbox',
  });
  assert.deepEqual(first.outputs, { detections: 'Identity', layout: 'channels-first', units: 'pixels' });
  const last = draft(
    { family: 'yolo', labels: LABELS, outputs: { units: 'fractions' } },
    [{ name: 'o', shape: [1, 8400, 7] }],
    [1, 3, 64, 96],
  );
  assert.deepEqual(last.outputs, { detections: 'o', layout: 'boxes-first', units: 'fractions' });
  assert.deepEqual([last.input.layout, last.input.width, last.input.height], ['nchw', 96, 64]);
  refused(
    () => draft({ family: 'yolo', labels: LABELS }, [{ name: 'o', shape: [1, 84, 8400] }]),
    /2 labels do not go with .*84/,
  );
  refused(() => draft({ family: 'yolo', labels: LABELS }, []), /outputs/);
});

test('ssd: the names of the Object Detection API, or those that are said', () => {
  const known: Outputs = ['detection_boxes', 'detection_scores', 'detection_classes'].map((name) => ({
    name: `${name}:0`,
    shape: [],
  }));
  assert.deepEqual(draft({ family: 'ssd', labels: LABELS }, known).outputs, {
    boxes: 'detection_boxes',
    scores: 'detection_scores',
    classes: 'detection_classes',
  });
  const unknown: Outputs = [{ name: 'Identity_1:0', shape: [1, 100, 4] }];
  refused(() => draft({ family: 'ssd', labels: LABELS }, unknown), /Identity_1 \[1, 100, 4\]/);
  const outputs = { boxes: 'Identity_1', scores: 'x' };
  const classMap = { 1: 'person', 3: 'car' };
  const said = draft({ family: 'ssd', labels: LABELS, outputs, classMap, threshold: 0.4 }, unknown);
  assert.deepEqual([said.outputs, said.classMap, said.threshold], [outputs, classMap, 0.4]);
});

test('what the graph does not say must be said', () => {
  const facts: ModelFacts = { family: 'custom', labels: LABELS };
  const outputs: Outputs = [
    { name: 'a:0', shape: [] },
    { name: 'b', shape: [] },
  ];
  refused(() => draft(facts, outputs, [1, -1, -1, 3]), /--input/);
  const said = draft({ ...facts, width: 64, height: 32, module: 'read.js' }, outputs, [1, -1, -1, 3]);
  assert.deepEqual([said.input.width, said.input.height, said.outputs], [64, 32, { names: ['a', 'b'] }]);
  refused(() => draft({ ...facts, family: 'centernet' }, outputs), /scores=NAME/);
  refused(() => draft({ ...facts, range: '0-255' }, outputs), /range/);
});
