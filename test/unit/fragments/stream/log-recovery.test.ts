import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiskFragmentLog } from '../../../../fragments/stream/disk-fragment-log.ts';
import type { FragmentInfo } from '../../../../fragments/stream/fragment.ts';
import { decodeFragmentBox, FragmentBoxError } from '../../../../fragments/stream/fragment-box.ts';
import { scanLogFile } from '../../../../fragments/stream/log-scan.ts';
import { MemoryStore } from '../log/support/memory-store.ts';
import { ChunkMaker, LogRig, listAll, makeInit, makeMedia, readSegment } from './support/log-rig.ts';

/** A log of one open file, as a killed server leaves it. */
async function killedLog(write: (rig: LogRig, log: DiskFragmentLog, maker: ChunkMaker) => Promise<void>) {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  maker.payloadBytes = 40;
  await write(rig, log, maker);
  const path = rig.disk.paths.find((name) => name.endsWith('.mp4')) ?? '';
  return {
    disk: rig.disk.afterKill(),
    infos: await listAll(log),
    path,
    indexPath: path.replace('.mp4', '.idx'),
  };
}

async function reopen(
  disk: MemoryStore,
): Promise<{ rig: LogRig; log: DiskFragmentLog; infos: FragmentInfo[] }> {
  const rig = new LogRig({ disk });
  const log = await rig.open();
  return { rig, log, infos: await listAll(log) };
}

test('rule 1: an index made anew equals the live one byte for byte', async () => {
  const { disk, infos, indexPath } = await killedLog(async (rig, log, maker) => {
    await rig.write(log, maker, 3);
    maker.startRun();
    maker.producerOffsetMs = -1234.567;
    maker.startTicks = -9000;
    await rig.write(log, maker, 2, 4);
    await rig.write(log, maker, 1);
  });
  const live = Buffer.from(disk.bytesOf(indexPath));
  disk.remove(indexPath);
  const { infos: found, rig } = await reopen(disk);
  assert.deepEqual(found, infos);
  assert.deepEqual(disk.bytesOf(indexPath), live);
  assert.deepEqual(rig.events, []);
});

test('rule 1: indexes and manifest of sealed files are made anew, equal to those that were lost', async () => {
  const rig = new LogRig({ fileMaxMs: 10_000 });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 30);
  const infos = await listAll(log);
  await log.close();
  const before = new Map(rig.disk.paths.map((path) => [path, Buffer.from(rig.disk.bytesOf(path))]));
  const lost: ((path: string) => boolean)[] = [
    (path) => path.endsWith('.idx'),
    (path) => path.endsWith('manifest'),
    (path) => !path.endsWith('.mp4'),
  ];
  for (const isLost of lost) {
    const disk = rig.disk.afterKill();
    for (const path of disk.paths) if (isLost(path)) disk.remove(path);
    assert.deepEqual((await reopen(disk)).infos, infos);
    for (const [path, bytes] of before) assert.deepEqual(disk.bytesOf(path), bytes, path);
  }
  for (const path of rig.disk.paths.filter((name) => !name.endsWith('.mp4'))) {
    const disk = rig.disk.afterKill();
    const broken = Buffer.from(disk.bytesOf(path));
    broken[broken.length >> 1] = (broken[broken.length >> 1] ?? 0) ^ 16;
    disk.put(path, broken);
    assert.deepEqual((await reopen(disk)).infos, infos);
    assert.deepEqual(disk.bytesOf(path), before.get(path), path);
  }
});

test('rule 4: cut at every byte offset, all fragments before the cut are there and nothing else appears', async () => {
  const { disk, infos, path } = await killedLog(async (rig, log, maker) => {
    await rig.write(log, maker, 3);
    await rig.write(log, maker, 1, 3);
    await rig.write(log, maker, 1);
  });
  const whole = Buffer.from(disk.bytesOf(path));
  const { chunks } = await scanAll(whole);
  const rest = disk.afterKill();
  for (let size = 0; size <= whole.length; size++) {
    const cut = rest.afterKill();
    cut.put(path, whole.subarray(0, size));
    const { infos: found, rig, log } = await reopen(cut);
    const good = chunks.filter((chunk) => chunk.endBytes <= size);
    const ordinals = [...new Set(good.map(({ ordinal }) => ordinal))];
    assert.deepEqual(
      found.map(({ ordinal }) => ordinal),
      ordinals,
      `cut at ${size}`,
    );
    for (const info of found) {
      const kept = good.filter(({ ordinal }) => ordinal === info.ordinal);
      const wasWhole = kept.at(-1)?.isLast === true;
      if (wasWhole) assert.deepEqual(info, infos[info.ordinal]);
      else assert.equal(info.durationTicks, 60_000 * kept.length, 'a shorter fragment');
      assert.deepEqual(
        (await readSegment(log, info.ordinal)).subarray(0, 32),
        Buffer.concat(makeMedia(info.ordinal, 0, 40)).subarray(0, 32),
      );
    }
    const goodBytes = good.at(-1)?.endBytes ?? 0;
    assert.equal(cut.paths.includes(path), goodBytes > 0);
    if (goodBytes > 0) assert.equal(cut.bytesOf(path).length, goodBytes);
    assert.equal(
      rig.events.some(({ type }) => type === 'torn-tail'),
      size > goodBytes,
      `cut at ${size}`,
    );
    assert.equal(log.end.nextOrdinal, (found.at(-1)?.ordinal ?? -1) + 1);
  }
});

async function scanAll(bytes: Buffer) {
  const chunks: { ordinal: number; endBytes: number; startBytes: number; isLast: boolean }[] = [];
  const file = {
    sizeBytes: bytes.length,
    read: async (target: Uint8Array, at: number) => {
      const piece = bytes.subarray(at, at + target.length);
      target.set(piece);
      return piece.length;
    },
  };
  const scan = await scanLogFile(file, {
    onChunk: ({ box, offsetBytes, boxBytes }) =>
      chunks.push({
        ordinal: box.fragment.ordinal,
        startBytes: offsetBytes,
        endBytes: offsetBytes + boxBytes + box.chunkBytes,
        isLast: box.isLast,
      }),
  });
  return { scan, chunks };
}

test('rule 4: any byte of the active file flipped, the other fragments are kept and the damage is told', async () => {
  const { disk, infos, path } = await killedLog((rig, log, maker) => rig.write(log, maker, 4));
  const whole = Buffer.from(disk.bytesOf(path));
  const { chunks } = await scanAll(whole);
  for (let at = 0; at < whole.length; at++) {
    const broken = Buffer.from(whole);
    broken[at] = (broken[at] ?? 0) ^ (1 << (at % 8));
    const copy = disk.afterKill();
    copy.put(path, broken);
    const { infos: found, rig } = await reopen(copy);
    const hit = chunks.find((chunk) => at >= chunk.startBytes && at < chunk.endBytes);
    assert.deepEqual(
      found,
      infos.filter(({ ordinal }) => ordinal !== hit?.ordinal),
      `byte ${at}`,
    );
    const isLast = hit?.ordinal === 3;
    assert.equal(rig.events[0]?.type, isLast ? 'torn-tail' : 'damaged', `byte ${at}`);
  }
});

test('rule 4: any bytes behind the good ones are cut, also when they look like fragments', async () => {
  const { disk, infos, path } = await killedLog((rig, log, maker) => rig.write(log, maker, 2));
  const whole = Buffer.from(disk.bytesOf(path));
  const { scan } = await scanAll(whole);
  const first = scan.index?.storedAt(0);
  assert.ok(first);
  const repeated = whole.subarray(
    first.offsetBytes,
    first.offsetBytes + first.boxBytes + first.info.sizeBytes,
  );
  const tails = [
    Buffer.alloc(5000),
    Buffer.from('uuid'),
    repeated.subarray(0, -1),
    Buffer.concat([Buffer.alloc(9), repeated.subarray(0, 99)]),
  ];
  for (const tail of tails) {
    const copy = disk.afterKill();
    copy.put(path, Buffer.concat([whole, tail]));
    assert.deepEqual((await reopen(copy)).infos, infos);
    assert.deepEqual(copy.bytesOf(path), whole);
  }
  // A whole chunk that does not follow is good media, so it stays; but it is in no index.
  const copy = disk.afterKill();
  copy.put(path, Buffer.concat([whole, repeated]));
  assert.deepEqual((await reopen(copy)).infos, infos);
});

test('a fragment box inside the media of a damaged chunk is not taken for one', async () => {
  const inner = await killedLog((rig, log, maker) => rig.write(log, maker, 1));
  const planted = inner.disk.bytesOf(inner.path).subarray(24);
  const { disk, path } = await killedLog(async (rig, log, maker) => {
    await rig.write(log, maker, 1);
    const [chunk] = maker.fragment(1, { ordinal: 1 });
    assert.ok(chunk);
    await log.append({ ...chunk, buffers: [planted, planted] });
  });
  const broken = Buffer.from(disk.bytesOf(path));
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  disk.put(path, broken);
  assert.deepEqual(
    (await reopen(disk)).infos.map(({ ordinal }) => ordinal),
    [0],
  );
});

test('a file of a newer version is left as it is', async () => {
  const { disk, path } = await killedLog((rig, log, maker) => rig.write(log, maker, 1));
  const bytes = Buffer.from(disk.bytesOf(path));
  const at = bytes.indexOf('uuid', 0, 'latin1') - 4;
  bytes[at + 24] = 9;
  const { crc32c } = await import('../../../../fragments/log/crc32c.ts');
  const size = bytes.readUInt32BE(at);
  bytes.writeUInt32BE(crc32c(bytes.subarray(at, at + size - 4)), at + size - 4);
  disk.put(path, bytes);
  await assert.rejects(new LogRig({ disk }).open(), /newer version/);
  assert.deepEqual(disk.bytesOf(path), bytes);
});

test('the log goes on where it ended, in a new file, as often as it is opened', async () => {
  let disk = new MemoryStore();
  const maker = new ChunkMaker();
  for (let session = 0; session < 5; session++) {
    const rig = new LogRig({ disk });
    const log = await rig.open();
    assert.equal(log.end.nextOrdinal, session * 3);
    assert.equal(log.end.nextRun, session === 0 ? 0 : maker.run + 1);
    maker.run = log.end.nextRun;
    await rig.write(log, maker, 3);
    if (session % 2 === 0) await log.close();
    disk = rig.disk.afterKill();
  }
  const { infos } = await reopen(disk);
  assert.deepEqual(
    infos.map(({ ordinal, run }) => [ordinal, run]),
    Array.from({ length: 15 }, (_, at) => [at, Math.floor(at / 3)]),
  );
});

test('leftovers of a cut-off deletion and of a cut-off replacement are removed', async () => {
  const { disk, path } = await killedLog((rig, log, maker) => rig.write(log, maker, 1));
  const number = '9'.repeat(47);
  disk.put(`streams/cam/${number}.idx`, Buffer.alloc(9));
  disk.put('streams/cam/manifest.new', Buffer.alloc(9));
  disk.put('streams/cam/notes.txt', Buffer.alloc(9));
  await reopen(disk);
  assert.deepEqual(disk.paths, [
    path.replace('.mp4', '.idx'),
    path,
    'streams/cam/manifest',
    'streams/cam/notes.txt',
  ]);
});

test('rule 3 under power cuts: at any operation, with any part of unsynced bytes kept, no acknowledged fragment is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 140 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('fragment' as const, 'interval' as const),
      async (cutAfter, share, syncPolicy) => {
        const rig = new LogRig({ fileMaxMs: 6000, syncPolicy });
        let operations = 0;
        let cut: MemoryStore | undefined;
        const acknowledged: number[] = [];
        let acknowledgedAtCut: number[] = [];
        rig.disk.onOperation = () => {
          if (operations++ === cutAfter) {
            cut = rig.disk.afterPowerCut((bytes) => Math.floor(bytes * share));
            acknowledgedAtCut = [...acknowledged];
          }
          return undefined;
        };
        const log = await rig.open();
        const maker = new ChunkMaker();
        for (let fragment = 0; fragment < 12; fragment++) {
          maker.init = makeInit(fragment > 7 ? 1 : 0);
          const appended = maker.fragment(1 + (fragment % 2)).map((chunk) => log.append(chunk));
          await rig.clock.advance(1000);
          await Promise.all(appended);
          acknowledged.push(fragment);
        }
        await log.close();
        const { infos, log: again } = await reopen(cut ?? rig.disk.afterPowerCut());
        const found = new Set(infos.map(({ ordinal }) => ordinal));
        for (const ordinal of cut === undefined ? acknowledged : acknowledgedAtCut) {
          assert.ok(found.has(ordinal), `fragment ${ordinal} is lost`);
          const segment = await readSegment(again, ordinal);
          assert.equal(segment.length, infos.find((info) => info.ordinal === ordinal)?.sizeBytes);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('every bit of a fragment box is covered: a flipped one is a typed error', async () => {
  const { disk, path } = await killedLog((rig, log, maker) => rig.write(log, maker, 1));
  const bytes = disk.bytesOf(path);
  const at = bytes.indexOf('uuid', 0, 'latin1') - 4;
  const box = bytes.subarray(at, at + bytes.readUInt32BE(at));
  decodeFragmentBox(box);
  for (let bit = 0; bit < box.length * 8; bit++) {
    const broken = Buffer.from(box);
    broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => decodeFragmentBox(broken), FragmentBoxError);
  }
  for (let size = 0; size < box.length; size++) {
    assert.throws(() => decodeFragmentBox(box.subarray(0, size)), FragmentBoxError);
  }
});
