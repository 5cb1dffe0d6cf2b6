import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetentionLimits } from '../../../../fragments/log/retention.ts';
import { StreamFileLimits } from '../../../../fragments/stream/file-limits.ts';
import { ChunkMaker, LogRig } from './support/log-rig.ts';

const STORE = { maxBytes: 512_000_000, maxMs: 900_000, phaseMs: 7 };
const KEEP_ALL = { maxAgeMs: null, maxBytes: null };

test('a stream that keeps much has the files of the store', () => {
  const limits = new StreamFileLimits(STORE, () => ({ maxAgeMs: 86_400_000, maxBytes: 6_000_000_000 }));
  assert.deepEqual([limits.maxMs, limits.maxBytes, limits.phaseMs], [900_000, 512_000_000, 7]);
  const unbounded = new StreamFileLimits(STORE, () => KEEP_ALL);
  assert.deepEqual([unbounded.maxMs, unbounded.maxBytes], [900_000, 512_000_000]);
});

test('a stream that keeps little has files of a tenth of that, as its retention is at the moment', () => {
  let retention: RetentionLimits = { maxAgeMs: 300_000, maxBytes: 200_000_000 };
  const limits = new StreamFileLimits(STORE, () => retention);
  assert.deepEqual([limits.maxMs, limits.maxBytes], [30_000, 20_000_000]);
  retention = { maxAgeMs: 1000, maxBytes: 1 };
  assert.deepEqual([limits.maxMs, limits.maxBytes], [10_000, 1024 * 1024]);
});

test('five minutes of a stream without archive are kept, and no more than a tenth longer', async () => {
  const rig = new LogRig({
    retentionOf: () => ({ maxAgeMs: 300_000, maxBytes: 200_000_000 }),
    reserveBytes: 0,
  });
  const log = await rig.open();
  const maker = new ChunkMaker(rig.clock.nowMs());
  for (let round = 0; round < 60; round++) {
    await rig.write(log, maker, 5);
    rig.clock.step(10_000);
    await rig.store.runRetention();
  }
  const [oldest] = await log.list(0, 1);
  const ageMs = rig.clock.nowMs() - (oldest?.serverMs ?? 0);
  assert.ok(ageMs >= 300_000 && ageMs <= 330_000, `${ageMs}`);
  await rig.store.close();
});

test('retention of one stream is applied when asked for', async () => {
  let maxAgeMs: number | null = null;
  const rig = new LogRig({
    fileMaxMs: 10_000,
    retentionOf: () => ({ maxAgeMs, maxBytes: null }),
    reserveBytes: 0,
  });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(rig.clock.nowMs()), 30);
  rig.clock.step(60_000);
  maxAgeMs = 20_000;
  await rig.store.applyRetention('cam');
  const [oldest] = await log.list(0, 1);
  assert.ok((oldest?.serverMs ?? 0) >= rig.clock.nowMs() - 30_000);
  await rig.store.close();
});
