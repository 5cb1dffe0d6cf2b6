import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../../fragments/log/byte-store.ts';
import type { DiskFragmentLog } from '../../../../fragments/stream/disk-fragment-log.ts';
import type { LogStoreOptions } from '../../../../fragments/stream/log-options.ts';
import { MemoryStore } from '../log/support/memory-store.ts';
import { ChunkMaker, LogRig, listAll, readSegment } from './support/log-rig.ts';

const FILE_MS = 10_000;

/** A log on two disks. */
class TierRig extends LogRig {
  readonly warm: MemoryStore;
  readonly tier: { isWarm: boolean };

  constructor(options: Partial<LogStoreOptions> & { disk?: MemoryStore; warm?: MemoryStore } = {}) {
    const { warm = new MemoryStore(), ...rest } = options;
    const tier = { isWarm: true };
    super({
      fileMaxMs: FILE_MS,
      reserveBytes: 0,
      warmStore: warm,
      isWarm: () => tier.isWarm,
      ...rest,
    });
    this.warm = warm;
    this.tier = tier;
  }

  /** The same disks after the process is gone. */
  again(): TierRig {
    return new TierRig({ disk: this.disk.afterKill(), warm: this.warm.afterKill() });
  }
}

const mediaFiles = (store: MemoryStore): string[] => store.paths.filter((path) => path.endsWith('.mp4'));

async function contents(log: DiskFragmentLog): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { ordinal } of await listAll(log)) {
    found.set(ordinal, (await readSegment(log, ordinal)).toString('base64'));
  }
  return found;
}

async function filled(fragments = 12): Promise<{ rig: TierRig; log: DiskFragmentLog; maker: ChunkMaker }> {
  const rig = new TierRig();
  const log = await rig.open();
  const maker = new ChunkMaker(rig.clock.nowMs());
  await rig.write(log, maker, fragments);
  return { rig, log, maker };
}

test('the sealed files of a warm stream lie in warm, the open one and all indexes in hot', async () => {
  const { rig, log, maker } = await filled();
  const before = await contents(log);
  const all = mediaFiles(rig.disk);
  await rig.store.runMoves();
  assert.deepEqual(mediaFiles(rig.warm), all.slice(0, -1));
  assert.deepEqual(mediaFiles(rig.disk), all.slice(-1));
  assert.deepEqual(rig.warm.paths, mediaFiles(rig.warm));
  assert.deepEqual(await contents(log), before);
  const { movedFiles, movedBytes, moveFailures } = rig.store.stats();
  assert.deepEqual([movedFiles, movedBytes, moveFailures], [all.length - 1, rig.warm.usedBytes, 0]);
  // The stream goes on; a restart finds it all, and a killed server as well.
  await rig.write(log, maker, 3);
  const written = await contents(log);
  assert.deepEqual(await contents(await rig.again().open()), written);
  await rig.store.close();
  assert.deepEqual(await contents(await rig.again().open()), written);
});

test('who reads a file goes on reading while it is moved', async () => {
  const { rig, log } = await filled();
  const expected = await readSegment(log, 0);
  const reader = await log.open(0);
  await rig.store.runMoves();
  const target = Buffer.alloc(reader.sizeBytes);
  await reader.read(target, 0, target.length);
  assert.deepEqual(target, expected);
  assert.ok(rig.store.stats().heldBytes > 0);
  reader.close();
  assert.equal(rig.store.stats().heldBytes, 0);
  await rig.store.close();
});

test('a stream may be made warm later, and hot again: then what is sealed from now on stays', async () => {
  const { rig, log, maker } = await filled(0);
  rig.tier.isWarm = false;
  await rig.write(log, maker, 12);
  await rig.store.runMoves();
  assert.deepEqual(mediaFiles(rig.warm), []);
  rig.tier.isWarm = true;
  await rig.store.runMoves();
  const moved = mediaFiles(rig.warm);
  assert.ok(moved.length >= 2);
  rig.tier.isWarm = false;
  await rig.write(log, maker, 12);
  await rig.store.runMoves();
  assert.deepEqual(mediaFiles(rig.warm), moved);
  assert.equal((await contents(log)).size, 24);
  rig.tier.isWarm = true;
  await rig.store.runMoves();
  assert.equal(mediaFiles(rig.disk).length, 1);
  assert.equal((await contents(log)).size, 24);
  await rig.store.close();
});

test('retention and deletion reach into both', async () => {
  let maxAgeMs: number | null = null;
  const rig = new TierRig({ retentionOf: () => ({ maxAgeMs, maxBytes: null }) });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(rig.clock.nowMs()), 20);
  await rig.store.runMoves();
  const before = mediaFiles(rig.warm).length;
  rig.clock.step(40_000);
  maxAgeMs = 20_000;
  await rig.store.runRetention();
  const after = mediaFiles(rig.warm);
  assert.ok(after.length > 0 && after.length < before);
  assert.equal((await listAll(log))[0]?.number, after[0]?.slice('streams/cam/'.length, -'.mp4'.length));
  await rig.store.delete('cam');
  assert.deepEqual([...rig.disk.paths, ...rig.warm.paths], []);
  await rig.store.close();
});

test('a file that retention deletes while it is moved is gone from both', async () => {
  const { rig, log } = await filled();
  const path = mediaFiles(rig.disk)[0] ?? '';
  const copying = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  rig.warm.onOperation = async ({ kind }) => {
    if (kind !== 'append') return undefined;
    copying.resolve();
    await goOn.promise;
    return undefined;
  };
  const moving = rig.store.runMoves();
  await copying.promise;
  const deleting = log.deleteOldest();
  goOn.resolve();
  assert.ok((await deleting) > 0);
  await moving;
  assert.ok(!rig.disk.paths.includes(path) && !rig.warm.paths.includes(path));
  assert.equal(rig.store.stats().moveFailures, 0);
  await rig.store.close();
});

test('what cannot be moved stays, is told, and is tried again', async () => {
  const { rig, log } = await filled();
  const before = await contents(log);
  rig.warm.totalBytes = 3000;
  await rig.store.runMoves();
  const failed = rig.events.filter(({ type }) => type === 'move-failed');
  assert.equal(failed.length, 1);
  assert.ok(rig.warm.usedBytes <= 3000);
  assert.deepEqual(await contents(log), before);
  assert.equal(rig.store.stats().moveFailures, 1);
  rig.warm.totalBytes = Number.POSITIVE_INFINITY;
  await rig.store.runMoves();
  assert.equal(mediaFiles(rig.disk).length, 1);
  assert.deepEqual(await contents(log), before);
  await rig.store.close();
});

test('closing stops a move; the file stays where it was', async () => {
  const { rig, log } = await filled();
  const before = await contents(log);
  const copying = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  rig.warm.onOperation = async ({ kind }) => {
    if (kind !== 'append') return undefined;
    copying.resolve();
    await goOn.promise;
    return undefined;
  };
  const moving = rig.store.runMoves();
  await copying.promise;
  const closing = rig.store.close();
  goOn.resolve();
  await Promise.all([moving, closing]);
  const again = rig.again();
  assert.deepEqual(await contents(await again.open()), before);
  await again.store.runMoves();
  assert.equal(mediaFiles(again.disk).length, 0); // the last one was sealed on closing
  await again.store.close();
});

/** Looks at both disks as they are in front of the n-th operation of a move, and after it. */
async function snapshotsAt(step: number, cut: 'kill' | 'power'): Promise<TierRig | undefined> {
  const { rig } = await filled();
  let operations = 0;
  let found: TierRig | undefined;
  const look = () => {
    if (operations++ !== step) return undefined;
    found =
      cut === 'kill'
        ? rig.again()
        : new TierRig({ disk: rig.disk.afterPowerCut(), warm: rig.warm.afterPowerCut() });
    return undefined;
  };
  rig.disk.onOperation = look;
  rig.warm.onOperation = look;
  await rig.store.runMoves();
  await rig.store.close();
  return found;
}

for (const cut of ['kill', 'power'] as const) {
  test(`a ${cut} at any point of moving loses nothing, and the move is finished later`, async () => {
    const { rig, log } = await filled();
    const expected = await contents(log);
    await rig.store.close();
    let steps = 0;
    for (; ; steps++) {
      const found = await snapshotsAt(steps, cut);
      if (found === undefined) break;
      const reopened = await found.open();
      assert.deepEqual(await contents(reopened), expected, `step ${steps}`);
      await found.store.runMoves();
      assert.deepEqual(mediaFiles(found.disk), [], `step ${steps}`);
      assert.deepEqual(await contents(reopened), expected, `step ${steps}`);
      await found.store.close();
    }
    assert.ok(steps > 15, `${steps} steps`);
  });
}

test('an error at any point of moving loses nothing, and the move is finished later', async () => {
  for (let step = 0; ; step++) {
    const { rig, log } = await filled();
    const expected = await contents(log);
    let operations = 0;
    const fail = ({ path }: { readonly path: string }) =>
      operations++ === step ? { error: new StoreError('io-error', path) } : undefined;
    rig.disk.onOperation = fail;
    rig.warm.onOperation = fail;
    await rig.store.runMoves();
    if (operations <= step) {
      assert.ok(step > 15);
      await rig.store.close();
      return;
    }
    assert.equal(rig.store.stats().moveFailures, 1, `step ${step}`);
    assert.deepEqual(await contents(log), expected, `step ${step}`);
    await rig.store.runMoves();
    assert.equal(mediaFiles(rig.disk).length, 1, `step ${step}`);
    assert.deepEqual(await contents(log), expected, `step ${step}`);
    await rig.store.close();
  }
});

test('a full hot disk costs no warm file of a warm stream; a stream that is hot again gives its old ones for the newer', async () => {
  const { rig, log, maker } = await filled();
  await rig.store.runMoves();
  const warm = mediaFiles(rig.warm);
  rig.disk.totalBytes = rig.disk.usedBytes + 100;
  const refused = maker.fragment().map((chunk) => log.append(chunk));
  await assert.rejects(Promise.all(refused), { code: 'disk-full' });
  assert.deepEqual(mediaFiles(rig.warm), warm);

  rig.tier.isWarm = false;
  rig.disk.totalBytes = Number.POSITIVE_INFINITY;
  const later = new ChunkMaker(maker.serverMs);
  Object.assign(later, { nextOrdinal: log.end.nextOrdinal, sequence: log.end.lastSequence });
  await rig.write(log, later, 12);
  rig.disk.totalBytes = rig.disk.usedBytes + 100;
  await rig.write(log, later, 10);
  assert.deepEqual(mediaFiles(rig.warm), []);
  await rig.store.close();
});

test('the warm disk keeps its reserve at the cost of the oldest files there', async () => {
  const { rig } = await filled(20);
  await rig.store.runMoves();
  const before = mediaFiles(rig.warm);
  rig.warm.totalBytes = rig.warm.usedBytes;
  const tight = new TierRig({ disk: rig.disk, warm: rig.warm, reserveBytes: 1_000_000 });
  await tight.open();
  await tight.store.runRetention();
  const after = mediaFiles(rig.warm);
  assert.ok(after.length < before.length);
  assert.deepEqual(after, before.slice(-after.length));
  await tight.store.close();
});
