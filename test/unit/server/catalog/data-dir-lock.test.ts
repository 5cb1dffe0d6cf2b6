import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
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
  let other: ChildProcess | undefined;
  try {
    const module = new URL('../../../../server/catalog/data-dir-lock.ts', import.meta.url).href;
    const program = `const { DataDirLock } = await import(${JSON.stringify(module)});
      // Kept: one that nobody holds any more is closed when it is collected.
      globalThis.lock = DataDirLock.acquire(${JSON.stringify(folder)}); console.log('locked');
      setInterval(() => {}, 1000);`;
    other = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(other.stdout);
    await once(other.stdout, 'data');
    assert.throws(() => DataDirLock.acquire(folder), isInUse);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const lock = DataDirLock.acquire(folder);
    lock.release();
    DataDirLock.acquire(folder).release();
  } finally {
    other?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
