import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A directory on the real disk that is removed after the test. */
export function makeTemporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'framelog-log-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
