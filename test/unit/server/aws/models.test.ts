import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileModel, loadModel } from '../../../../server/aws/model.ts';
import { GENERATED_MODELS, makeTable, readModel } from '../../../../server/aws/models/generate.ts';

const TABLES = fileURLToPath(new URL('../../../../server/aws/models/', import.meta.url));
const MODELS = fileURLToPath(new URL('../../../../../shared/aws-models/', import.meta.url));

/** Where the published models lie beside the repository; elsewhere the tables are all there is. */
function publishedModels(): string[] {
  try {
    return readdirSync(MODELS);
  } catch {
    return [];
  }
}

test('the tables are what the generator makes of the models', () => {
  const published = publishedModels();
  for (const name of GENERATED_MODELS) {
    const table = readFileSync(`${TABLES}${name}.json`, 'utf8');
    if (published.includes(`${name}.json`)) assert.equal(table, makeTable(readModel(MODELS, name)), name);
    assert.ok(table.endsWith('}\n'));
  }
});

test('every table can be compiled: all references lead somewhere, all patterns are fit', () => {
  const counts = Object.fromEntries(
    [...GENERATED_MODELS, 'kinesis-video-put-media'].map((name) => [name, loadModel(name).operations.size]),
  );
  assert.deepEqual(counts, {
    kinesis: 39,
    'kinesis-video-archived-media': 6,
    'kinesis-video-media': 1,
    'kinesis-video-signaling': 2,
    'kinesis-video-webrtc-storage': 2,
    kinesisvideo: 32,
    rekognition: 22,
    'kinesis-video-put-media': 1,
  });
  assert.equal(loadModel('kinesisvideo'), loadModel('kinesisvideo'));
});

test('an operation has its path, its errors and their texts', () => {
  const model = loadModel('kinesisvideo');
  const operation = model.operations.get('TagResource');
  assert.equal(operation?.path, '/TagResource');
  assert.ok(operation?.errors.has('TagsPerResourceExceededLimitException'));
  assert.deepEqual(model.errors.get('ResourceNotFoundException'), { status: 404, textMember: 'Message' });
  const storage = loadModel('kinesis-video-webrtc-storage');
  assert.deepEqual(storage.errors.get('AccessDeniedException'), { status: 403, textMember: 'message' });
  assert.equal(loadModel('kinesis').errors.get('ResourceNotFoundException')?.status, undefined);
  assert.equal(loadModel('kinesis').targetPrefix, 'Kinesis_20131202');
});

test('a table with a reference to nowhere is found out', () => {
  const facts = { apiVersion: '1', protocol: 'rest-json' as const, signingName: 's', shapes: {} };
  const operation = { method: 'POST', path: '/x', input: 'Missing', errors: [] };
  assert.throws(
    () => compileModel('made-up', { ...facts, operations: { X: operation } }),
    /no shape Missing/,
  );
  assert.throws(() => loadModel('made-up'), /ENOENT/);
});
