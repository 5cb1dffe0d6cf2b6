import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../../fragments/log/byte-store.ts';
import { LogReadError } from '../../../../fragments/log/log-error.ts';
import type { RetentionLimits } from '../../../../fragments/log/retention.ts';
import { ChunkMaker, LogRig, listAll, makeMedia } from './support/log-rig.ts';

const FILE_MS = 10_000;

async function filledRig(fragments: number, limits: Partial<RetentionLimits> = {}, options = {}) {
  const rig = new LogRig({
    fileMaxMs: FILE_MS,
    retentionOf: () => ({ maxAgeMs: null, maxBytes: null, ...limits }),
    reserveBytes: 0,
    ...options,
  });
  const log = await rig.open();
  const maker = new ChunkMaker(rig.clock.nowMs());
  await rig.write(log, maker, fragments);
  return { rig, log, maker };
}

const files = (rig: LogRig): number => rig.disk.paths.filter((path) => path.endsWith('.mp4')).length;

test('rule 9: by age of the last fragment in server time, whole sealed files, oldest first', async () => {
  const { rig, log } = await filledRig(60, { maxAgeMs: 30_000 });
  const before = await listAll(log);
  rig.clock.step(120_000); // now: the end of what was recorded
  await rig.store.runRetention();
  const kept = await listAll(log);
  assert.deepEqual(kept, before.slice(-kept.length));
  const cutoffMs = rig.clock.nowMs() - 30_000;
  // all that is young enough is there, and of the rest no more than shares a file with it
  assert.ok(kept.length >= 15 && kept.length < 15 + FILE_MS / 2000);
  assert.ok(
    before.filter(({ serverMs }) => serverMs >= cutoffMs).every(({ ordinal }) => ordinal >= log.firstOrdinal),
  );
  assert.equal(log.firstOrdinal, kept[0]?.ordinal);
  const size = rig.disk.paths
    .filter((path) => path.endsWith('.mp4'))
    .reduce((sum, path) => sum + rig.disk.bytesOf(path).length, 0);
  assert.equal(log.sizeBytes, size);
});

test('rule 9: a producer clock in the future or the past changes nothing', async () => {
  const { rig, log, maker } = await filledRig(20, { maxAgeMs: 30_000 });
  maker.producerOffsetMs = 1e12;
  await rig.write(log, maker, 20);
  maker.producerOffsetMs = -1e12;
  await rig.write(log, maker, 20);
  rig.clock.step(120_000);
  await rig.store.runRetention();
  const kept = await listAll(log);
  assert.ok(kept.length >= 15 && kept.length < 20);
});

test('rule 9: the files of a stream that nothing is appended to any more age away too, and it goes on at its ordinal', async () => {
  const { rig, log } = await filledRig(12, { maxAgeMs: 30_000 });
  rig.clock.step(3_600_000);
  await rig.store.runRetention();
  assert.equal(files(rig), 0);
  assert.equal(log.firstOrdinal, 12);
  assert.equal(log.sizeBytes, 0);
  assert.deepEqual(log.end, { nextOrdinal: 12, nextRun: 1, lastSequence: 1012 });
  await log.close();
  const killed = await new LogRig({ disk: rig.disk.afterKill() }).open();
  assert.equal(killed.firstOrdinal, 12);
  assert.deepEqual(killed.end, log.end);
  // A power cut may bring deleted files back; they are then deleted again.
  assert.deepEqual((await new LogRig({ disk: rig.disk.afterPowerCut() }).open()).end, log.end);
});

test('rule 9: by bytes of the stream', async () => {
  const { rig, log } = await filledRig(60, { maxBytes: 8000 });
  await rig.store.runRetention();
  assert.ok(log.sizeBytes <= 8000);
  assert.ok(log.sizeBytes > 8000 - 3000);
  assert.ok(rig.events.every((event) => event.type === 'deleted' && event.reason === 'stream-bytes'));
});

test('rule 9: the disk reserve is kept before the disk is full, from the oldest files of all streams', async () => {
  const { rig, log } = await filledRig(30);
  const young = await rig.open('young');
  const maker = new ChunkMaker(rig.clock.nowMs() + 40_000);
  await rig.write(young, maker, 30);
  const before = { log: log.firstOrdinal, young: young.firstOrdinal };
  rig.disk.totalBytes = rig.disk.usedBytes + 500;
  const reserving = new LogRig({ disk: rig.disk, fileMaxMs: FILE_MS, reserveBytes: 3000 });
  await rig.store.close();
  await reserving.store.runRetention();
  const [oldAfter, youngAfter] = [await reserving.open(), await reserving.open('young')];
  assert.ok(oldAfter.firstOrdinal > before.log);
  assert.equal(youngAfter.firstOrdinal, before.young);
  assert.ok((await rig.disk.space()).freeBytes >= Math.min(3000, rig.disk.totalBytes / 10));
});

test('a reader of a file that is deleted finishes; whoever comes later is told that it is gone', async () => {
  const { rig, log } = await filledRig(20);
  const reader = await log.open(0);
  const other = await log.open(0);
  await log.deleteOldest();
  assert.ok(rig.store.stats().heldBytes > 0);
  const target = Buffer.alloc(reader.sizeBytes);
  await reader.read(target, 0, target.length);
  assert.deepEqual(target, Buffer.concat(makeMedia(0, 0, 200)));
  reader.close();
  reader.close();
  assert.ok(rig.store.stats().heldBytes > 0, 'the other one still reads');
  other.close();
  assert.equal(rig.store.stats().heldBytes, 0);
  await assert.rejects(log.open(0), (error) => error instanceof LogReadError && error.code === 'gone');
  await assert.rejects(log.open(999), (error) => error instanceof LogReadError && error.code === 'not-found');
});

test('an init segment is found as long as a file has it', async () => {
  const { log, maker } = await filledRig(20);
  assert.notEqual(await log.init(maker.init.id), undefined);
  while ((await log.deleteOldest()) > 0);
  assert.notEqual(await log.init(maker.init.id), undefined, 'the open file has it');
  await log.close();
  while ((await log.deleteOldest()) > 0);
  assert.equal(await log.init(maker.init.id), undefined);
});

test('deletions asked for at the same time delete one file each', async () => {
  const { rig, log } = await filledRig(40);
  const before = files(rig);
  const freed = await Promise.all(Array.from({ length: 4 }, () => log.deleteOldest()));
  assert.ok(freed.every((bytes) => bytes > 0));
  assert.equal(files(rig), before - 4);
});

test('many deletions: the manifest does not grow without bound, and stays right', async () => {
  const { rig, log, maker } = await filledRig(0, { maxBytes: 5000 });
  for (let round = 0; round < 60; round++) {
    await rig.write(log, maker, 30);
    await rig.store.runRetention();
  }
  assert.ok(rig.disk.bytesOf('streams/cam/manifest').length < 300 * 136);
  const infos = await listAll(log);
  await log.close();
  const again = new LogRig({ disk: rig.disk });
  assert.deepEqual(await listAll(await again.open()), infos);
  assert.deepEqual(again.events, []);
});

test('disk full: retention makes room and no fragment is lost', async () => {
  const { rig, log, maker } = await filledRig(40);
  rig.disk.totalBytes = rig.disk.usedBytes + 300;
  await rig.write(log, maker, 10);
  const infos = await listAll(log);
  assert.equal(infos.at(-1)?.ordinal, 49);
  assert.ok(rig.events.some((event) => event.type === 'deleted' && event.reason === 'disk-full'));
});

test('disk full with nothing to delete: refused as disk-full, and the stream goes on as soon as there is space', async () => {
  const { rig, log, maker } = await filledRig(1);
  rig.disk.totalBytes = rig.disk.usedBytes + 300;
  const codes = await Promise.all(
    Array.from({ length: 3 }, () => maker.fragment())
      .flat()
      .map((chunk) =>
        log.append(chunk).then(
          () => 'written',
          (error: { code: string }) => error.code,
        ),
      ),
  );
  assert.deepEqual(new Set(codes), new Set(['disk-full']));
  rig.disk.totalBytes = Number.POSITIVE_INFINITY;
  await rig.write(log, maker, 2);
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    [0, 4, 5],
  );
});

test('a deletion that fails is reported and does not stop retention of other streams', async () => {
  const { rig } = await filledRig(20, { maxBytes: 0 });
  const other = await rig.open('other');
  await rig.write(other, new ChunkMaker(), 20);
  rig.disk.onOperation = ({ kind, path }) =>
    kind === 'delete' && path.startsWith('streams/cam/')
      ? { error: new StoreError('io-error', 'read-only') }
      : undefined;
  await rig.store.runRetention();
  assert.ok(rig.events.some((event) => event.type === 'retention-failed' && event.stream === 'cam'));
  assert.ok(rig.events.some((event) => event.type === 'deleted' && event.stream === 'other'));
});

test('retention runs by the clock from start to close', async () => {
  const { rig, log, maker } = await filledRig(1, { maxBytes: 3000 }, { retentionIntervalMs: 5000 });
  rig.store.start();
  await rig.write(log, maker, 30);
  assert.ok(log.sizeBytes > 3000);
  await rig.clock.advance(5000);
  assert.ok(log.sizeBytes <= 3000);
  await rig.write(log, maker, 30);
  await rig.clock.advance(4000);
  assert.ok(log.sizeBytes > 3000);
  await rig.clock.advance(1000);
  assert.ok(log.sizeBytes <= 3000);
  await rig.store.close();
});
