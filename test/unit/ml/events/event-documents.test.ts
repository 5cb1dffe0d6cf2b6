import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { detectionEventSchema } from '../../../../ml/events/detection-event.ts';
import { documentEventExamples, documentEventSchema } from '../../../docs/document-events.ts';
import { requirePhases } from './scene-rig.ts';

function documentText(name: string): string {
  return readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
}

test('the JSON Schema and the examples in docs/ are what the code says: else run `node test/docs/write-docs.ts`', () => {
  assert.equal(documentText('detection-event.schema.json'), documentEventSchema());
  assert.equal(documentText('detection-event.example.json'), documentEventExamples());
});

test('the examples are events by the code and by the JSON Schema', () => {
  const examples = z
    .array(detectionEventSchema)
    .parse(JSON.parse(documentText('detection-event.example.json')));
  assert.deepEqual(requirePhases(examples), []);
  assert.deepEqual(
    [...new Set(examples.map(({ type, phase }) => `${type} ${phase ?? ''}`.trim()))],
    ['object enter', 'line', 'zone enter', 'object update', 'dwell', 'zone leave', 'object leave'],
  );
  const published = z.fromJSONSchema(JSON.parse(documentText('detection-event.schema.json')));
  for (const example of examples) {
    assert.deepEqual(published.parse(example), example);
    assert.equal(published.safeParse({ ...example, added: 'later' }).success, true, 'members may be added');
    assert.equal(published.safeParse({ ...example, id: 'short' }).success, false);
    assert.equal(published.safeParse({ ...example, phase: 'begin' }).success, false);
    assert.equal(published.safeParse({ ...example, box: [0, 0, 1] }).success, false);
  }
});
