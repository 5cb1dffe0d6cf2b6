import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

const WRITER = fileURLToPath(new URL('./catalog-writer.ts', import.meta.url));
const ROUNDS = 12;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-crash-'));
  path = join(folder, 'catalog.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function startWriter(...args: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [WRITER, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('the catalog file', () => {
  it(`loses nothing that was answered in ${ROUNDS} rounds of kill -9`, async () => {
    let lastFence = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const writer = startWriter(`round${round}`);
      const answered: string[] = [];
      for await (const line of createInterface({ input: writer.stdout })) {
        if (line !== 'open') answered.push(line);
        if (answered.length === 5 * round + 1) writer.kill('SIGKILL');
      }
      const catalog = SqliteCatalog.open(path);
      const [name = '', fence = ''] = (answered.at(-1) ?? '').split(' ');
      for (const line of answered) assert.ok(catalog.stream(line.split(' ')[0] ?? ''), line);
      const last = catalog.setting('last') ?? '';
      assert.ok(Number(last.split('-')[1]) >= Number(name.split('-')[1]), `${last} after ${name}`);
      const next = catalog.acquireLease('writer', 'checker', 0, 1e9);
      assert.ok((next?.fence ?? 0) > Number(fence) && Number(fence) > lastFence, 'fences only grow');
      lastFence = next?.fence ?? 0;
      catalog.releaseLease('writer', 'checker');
      catalog.close();
    }
  });

  it('can be created and written by several processes at once', async () => {
    const writers = ['a', 'b', 'c', 'd'].map((prefix) => startWriter(prefix, '20'));
    const exits = await Promise.all(
      writers.map(async (writer) => {
        writer.stdout.resume();
        return (await once(writer, 'close'))[0];
      }),
    );
    assert.deepEqual(exits, [0, 0, 0, 0]);
    const catalog = SqliteCatalog.open(path);
    assert.equal(catalog.listStreams().length, 80);
    catalog.close();
  });
});
