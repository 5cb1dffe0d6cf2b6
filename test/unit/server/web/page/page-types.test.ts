import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

test('the page keeps to its JSDoc types', () => {
  const { status, stdout } = spawnSync('node_modules/.bin/tsc', ['-p', 'server/web/page'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});
