import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  claimWarmDirectory,
  recordedWarmDirectory,
  WarmDirectoryError,
} from '../../../../fragments/log/warm-mark.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-warm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a data directory without a warm one needs nothing', (t) => {
  const data = makeFolder(t);
  claimWarmDirectory(data, undefined);
  assert.equal(recordedWarmDirectory(data), undefined);
});

test('a warm directory belongs to one data directory, wherever it is moved', (t) => {
  const folder = makeFolder(t);
  const data = makeFolder(t);
  const warm = join(folder, 'warm');
  claimWarmDirectory(data, warm);
  claimWarmDirectory(data, warm);
  assert.equal(recordedWarmDirectory(data), warm);
  assert.throws(() => claimWarmDirectory(makeFolder(t), warm), WarmDirectoryError);
  renameSync(warm, join(folder, 'elsewhere'));
  assert.throws(() => claimWarmDirectory(data, warm), /is it mounted/);
  claimWarmDirectory(data, join(folder, 'elsewhere'));
  assert.equal(recordedWarmDirectory(data), join(folder, 'elsewhere'));
});

test('a warm directory is not forgotten by mistake', (t) => {
  const data = makeFolder(t);
  const warm = makeFolder(t);
  claimWarmDirectory(data, warm);
  assert.throws(() => claimWarmDirectory(data, undefined), /set log.warmDirectory/);
  assert.throws(() => claimWarmDirectory(data, makeFolder(t)), WarmDirectoryError);
  rmSync(join(data, 'warm-directory.json'));
  claimWarmDirectory(data, undefined);
  // As after a kill between the two marks.
  claimWarmDirectory(data, warm);
  assert.equal(recordedWarmDirectory(data), warm);
});

test('a damaged mark is told', (t) => {
  const data = makeFolder(t);
  for (const text of ['', 'null', '{}', '{"id":1}', '{"id":"a"}', '{"id":"a","path":2}']) {
    writeFileSync(join(data, 'warm-directory.json'), text);
    assert.throws(() => claimWarmDirectory(data, undefined), WarmDirectoryError);
  }
});
