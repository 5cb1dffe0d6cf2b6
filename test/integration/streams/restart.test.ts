import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../fragments/stream/stream-settings.ts';
import { SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { StreamRegistry } from '../../../server/streams/stream-registry.ts';
import { AUDIO, camera, NOW_MS, VIDEO } from '../../unit/fragments/stream/media.ts';

const directory = mkdtempSync(join(tmpdir(), 'framelog-restart-'));
after(() => rmSync(directory, { recursive: true }));

/** A server's life: opens everything, publishes some seconds of a camera, ends. */
async function live(nowMs: number, work: (streams: StreamRegistry) => Promise<void>): Promise<void> {
  const catalog = SqliteCatalog.open(join(directory, 'catalog.db'));
  const logs = new LogStore({ directory, syncPolicy: 'none' });
  const streams = new StreamRegistry({
    catalog,
    logs,
    settings: DEFAULT_STREAM_SETTINGS,
    owner: 'test',
    leaseTtlMs: 60_000,
    autoCreate: true,
    takeover: false,
    maxStreams: 100,
    retention: { retentionHours: null, maxBytes: null },
    now: () => nowMs,
  });
  await work(streams);
  await streams.close(nowMs);
  await logs.close();
  catalog.close();
}

function publishing(nowMs: number): (streams: StreamRegistry) => Promise<void> {
  return async (streams) => {
    const publisher = { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: nowMs } as const;
    const publication = await streams.publish({ stream: 'cam', publisher, onRevoked: () => {} }, nowMs);
    publication.setTracks([VIDEO, AUDIO], nowMs);
    for (const sample of camera(0, 2500)) publication.write(sample, nowMs + sample.dtsTicks / 90);
    await publication.end(nowMs + 2500);
  };
}

test('ordinals, runs, numbers and server time go on over a restart, also with a clock that was set back', async () => {
  await live(NOW_MS, publishing(NOW_MS));
  await live(NOW_MS - 30_000, publishing(NOW_MS - 30_000));
  await live(NOW_MS + 60_000, async (streams) => {
    const { log, window } = await streams.open('cam');
    assert.equal(window.nextOrdinal, 6);
    const infos = await log.list(0, 100);
    assert.deepEqual(
      infos.map(({ ordinal, run, startsRun }) => [ordinal, run, startsRun]),
      [0, 1, 2, 3, 4, 5].map((i) => [i, i < 3 ? 0 : 1, i % 3 === 0]),
    );
    assert.deepEqual(
      infos.map(({ serverMs }) => serverMs - NOW_MS),
      [0, 1000, 2000, 2000, 2000, 2000],
    );
    const numbers = infos.map(({ number }) => number);
    assert.deepEqual(numbers, numbers.toSorted());
    assert.equal(new Set(numbers).size, 6);
  });
});

test('a deleted stream is gone from the disk, and its name begins anew', async () => {
  await live(NOW_MS + 120_000, async (streams) => {
    await streams.open('cam');
    await streams.delete('cam');
    assert.ok(!existsSync(join(directory, 'streams', 'cam')));
    await publishing(NOW_MS + 120_000)(streams);
    const { log } = await streams.open('cam');
    assert.deepEqual(
      (await log.list(0, 10)).map(({ ordinal }) => ordinal),
      [0, 1, 2],
    );
  });
});
