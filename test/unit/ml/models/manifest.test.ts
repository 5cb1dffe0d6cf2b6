import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkManifest,
  labelOfClass,
  type ModelManifest,
  parseManifest,
} from '../../../../ml/models/manifest.ts';
import { ModelError } from '../../../../ml/models/model-error.ts';
import { groupsOf, wantedLabels } from '../../../../ml/models/wanted-labels.ts';

const YOLO = {
  family: 'yolo',
  input: { width: 640, height: 640 },
  outputs: { detections: 'out', layout: 'channels-first' },
  labels: ['person', 'car', 'truck', 'dog'],
};
const refused = (change: object, message: RegExp) =>
  assert.throws(
    () => checkManifest({ ...YOLO, ...change }),
    (error) => error instanceof ModelError && error.code === 'bad-manifest' && message.test(error.message),
  );

test('what is left out is filled in', () => {
  const manifest = checkManifest(YOLO);
  assert.equal(manifest.graph, 'model.json');
  assert.equal(manifest.threshold, 0.35);
  assert.deepEqual(manifest.input, {
    width: 640,
    height: 640,
    layout: 'nhwc',
    range: '0..255',
    order: 'rgb',
    resize: 'stretch',
  });
  assert.equal(manifest.nms.iou, 0.5);
});

test('what is wrong is named', () => {
  refused({ family: 'rcnn' }, /family/);
  refused({ input: { width: 1e6, height: 640 } }, /input\.width/);
  refused({ graph: '../model.json' }, /graph/);
  refused({ graph: 'https://example.org/model.json' }, /graph/);
  refused({ outputs: { boxes: 'a', scores: 'b' } }, /outputs/);
  refused({ labels: [] }, /labels/);
  refused({ threshhold: 0.5 }, /threshhold/);
  refused({ sha256: 'abc' }, /sha256/);
  refused({ defaultLabels: ['persn'] }, /persn is neither/);
  refused({ groups: { lorry: 'vehicle' } }, /lorry is not among/);
  refused({ classMap: { 1: 'lorry' } }, /lorry is not among/);
  for (const text of ['', '{', 'null', '[]', `{"a":"${'x'.repeat(300_000)}"}`]) {
    assert.throws(
      () => parseManifest(text),
      (error) => error instanceof ModelError && error.code === 'bad-manifest',
    );
  }
});

test('class numbers are places in the list, or what the map says', () => {
  const plain = checkManifest(YOLO);
  assert.deepEqual(
    [0, 3, 4, -1].map((index) => labelOfClass(plain, index)),
    ['person', 'dog', undefined, undefined],
  );
  const mapped = checkManifest({ ...YOLO, classMap: { 1: 'person', 18: 'dog' } });
  assert.deepEqual(
    [1, 18, 0, 2].map((index) => labelOfClass(mapped, index)),
    ['person', 'dog', undefined, undefined],
  );
});

test('what is looked for: the names that are given, labels or groups, or the model’s own list', () => {
  const manifest: ModelManifest = checkManifest({ ...YOLO, defaultLabels: ['dog', 'person'] });
  assert.deepEqual(wantedLabels(manifest, undefined), ['person', 'dog']);
  assert.deepEqual(wantedLabels(manifest, ['vehicle']), ['car', 'truck']);
  assert.deepEqual(wantedLabels(manifest, ['truck', 'dog', 'unicorn']), ['truck', 'dog']);
  assert.deepEqual(wantedLabels(checkManifest(YOLO), undefined), YOLO.labels);
  const own = checkManifest({ ...YOLO, groups: { dog: 'pet' } });
  assert.deepEqual(wantedLabels(own, ['pet', 'vehicle']), ['dog']);
  assert.deepEqual(groupsOf(own), { dog: 'pet' });
});
