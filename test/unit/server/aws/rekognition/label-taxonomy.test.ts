import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COCO_LABELS } from '../../../../../ml/models/coco-labels.ts';
import { factsOf } from '../../../../../server/aws/rekognition/label-taxonomy.ts';

test('every class of COCO has a name of its own and a category, and is no kind of itself', () => {
  const facts = COCO_LABELS.map(factsOf);
  assert.equal(new Set(facts.map(({ name }) => name)).size, COCO_LABELS.length);
  for (const { name, category, parents } of facts) {
    assert.ok(category !== undefined, name);
    assert.ok(!parents.includes(name), name);
    assert.equal(new Set(parents).size, parents.length, name);
  }
});

test('labels of other models are told by their own names', () => {
  const unknown = { parents: [], aliases: [], category: undefined };
  assert.deepEqual(factsOf('fire engine'), { name: 'Fire Engine', ...unknown });
  assert.deepEqual(factsOf('__proto__'), { name: '__Proto__', ...unknown });
  assert.deepEqual(factsOf('façade-éléphant'), { name: 'Façade-Éléphant', ...unknown });
});
