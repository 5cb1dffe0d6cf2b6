import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Reads a whole file with mkvinfo, element by element; fails when it has anything to complain of. */
export async function mkvinfo(file: string): Promise<string> {
  const { stdout, stderr } = await execFileAsync('mkvinfo', ['--all', file], { maxBuffer: 64 << 20 });
  assert.equal(stderr, '');
  assert.match(stdout, /Cluster/);
  assert.doesNotMatch(stdout, /unknown element|error|warning|invalid/i);
  return stdout;
}

/** A path in a folder that goes away with the test. */
export function temporaryFile(t: TestContext, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-media-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}
