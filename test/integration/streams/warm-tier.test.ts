import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../fragments/stream/stream-settings.ts';
import { startServer } from '../../../server/app.ts';
import { catalogPath, SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { ConfigError, makeConfig } from '../../../server/config.ts';
import { StreamRegistry } from '../../../server/streams/stream-registry.ts';
import { camera, NOW_MS, VIDEO } from '../../unit/fragments/stream/media.ts';

const FRAMELOG = fileURLToPath(new URL('../../../bin/framelog.js', import.meta.url));
const HOUR_MS = 3_600_000;

function makeFolders(t: TestContext): { data: string; warm: string } {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-tiers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { data: join(folder, 'data'), warm: join(folder, 'warm') };
}

/** Starts the whole server once, as it is started to tie the two folders. */
async function startOnce(data: string, warmDirectory?: string): Promise<void> {
  const config = makeConfig({
    dataDir: data,
    http: { port: 0 },
    rtmp: { port: 0 },
    log: warmDirectory === undefined ? {} : { warmDirectory },
  });
  const server = await startServer(config, { logger: pino({ level: 'silent' }), nowMs: Date.now });
  await server.close();
}

const mediaFiles = (folder: string): string[] =>
  readdirSync(join(folder, 'streams', 'cam'))
    .filter((name) => name.endsWith('.mp4'))
    .sort();

async function readAll(log: FragmentLog): Promise<string[]> {
  const found: string[] = [];
  for (const { ordinal } of await log.list(0, 1000)) {
    const fragment = await log.open(ordinal);
    const bytes = Buffer.alloc(fragment.sizeBytes);
    await fragment.read(bytes, 0, bytes.length);
    fragment.close();
    found.push(bytes.toString('base64'));
  }
  return found;
}

test('a warm stream on two real directories: recorded, moved, read, verified, found again', async (t) => {
  const { data, warm } = makeFolders(t);
  await startOnce(data, warm);
  const catalog = SqliteCatalog.open(catalogPath(data));
  const logs = new LogStore({
    directory: data,
    warmDirectory: warm,
    syncPolicy: 'none',
    isWarm: (name) => streams.record(name)?.isWarm === true,
  });
  const streams = new StreamRegistry({
    catalog,
    logs,
    settings: DEFAULT_STREAM_SETTINGS,
    owner: 'test',
    leaseTtlMs: 60_000,
    autoCreate: false,
    takeover: false,
    maxStreams: 100,
    retention: { retentionHours: null, maxBytes: null },
    now: () => NOW_MS,
  });
  streams.create('cam', { isWarm: true });
  for (let hour = 0; hour < 3; hour++) {
    const nowMs = NOW_MS + hour * HOUR_MS;
    const publisher = { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: nowMs } as const;
    const publication = await streams.publish({ stream: 'cam', publisher, onRevoked: () => {} }, nowMs);
    publication.setTracks([VIDEO], nowMs);
    for (const sample of camera(0, 2500)) publication.write(sample, nowMs + sample.dtsTicks / 90);
    await publication.end(nowMs + 2500);
  }
  const { log } = await streams.open('cam');
  const before = await readAll(log);
  assert.ok(before.length >= 9);
  await logs.runMoves();
  assert.equal(mediaFiles(warm).length, 2);
  assert.equal(mediaFiles(data).length, 1);
  assert.deepEqual(await readAll(log), before);
  await streams.close(NOW_MS);
  await logs.close();
  catalog.close();

  const verify = () =>
    JSON.parse(execFileSync(process.execPath, [FRAMELOG, 'verify', data, '--json'], { encoding: 'utf8' }));
  assert.deepEqual(verify().streams[0].problems, []);
  assert.equal(verify().streams[0].files, 3);
  // A server that starts and stops at once, in the middle of a move or not.
  await startOnce(data, warm);
  assert.equal(verify().streams[0].fragments, before.length);
  const reopened = new LogStore({ directory: data, warmDirectory: warm });
  assert.deepEqual(await readAll(await reopened.open('cam')), before);
  await reopened.close();
});

test('the server does not start without the warm directory it had, or with another one', async (t) => {
  const { data, warm } = makeFolders(t);
  await startOnce(data, warm);
  await assert.rejects(startOnce(data), ConfigError);
  await assert.rejects(startOnce(data, `${warm}-other`), ConfigError);
  await startOnce(data, warm);
});
