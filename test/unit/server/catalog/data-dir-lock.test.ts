import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CatalogError } from '../../../../server/catalog/catalog.ts';
import { DataDirLock } from '../../../../server/catalog/data-dir-lock.ts';

const isInUse = (error: unknown): boolean => error instanceof CatalogError && error.code === 'in-use';

test('a data directory has one server; a killed one leaves it free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-lock-'));
  try {
    const module = new URL('../../../../server/catalog/data-dir-lock.ts', import.meta.url).href;
    const program = `const { DataDirLock } = await import(${JSON.stringify(module)});
      DataDirLock.acquire(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    assert.throws(() => DataDirLock.acquire(folder), isInUse);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const lock = DataDirLock.acquire(folder);
    lock.release();
    DataDirLock.acquire(folder).release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
