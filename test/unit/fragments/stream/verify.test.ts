import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectLogFile } from '../../../../fragments/stream/inspect-file.ts';
import { verifyStreams } from '../../../../fragments/stream/verify.ts';
import type { MemoryStore } from '../log/support/memory-store.ts';
import { ChunkMaker, LogRig, listAll } from './support/log-rig.ts';

async function sealedLog(): Promise<MemoryStore> {
  const rig = new LogRig({ fileMaxMs: 10_000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 12);
  maker.fragment();
  for (const chunk of maker.fragment(2, { gapBefore: true })) await log.append(chunk);
  await rig.write(log, maker, 5);
  await rig.store.close();
  return rig.disk.afterKill();
}

function filesOf(disk: MemoryStore, extension: string): string[] {
  return disk.paths.filter((path) => path.endsWith(extension));
}

function flip(disk: MemoryStore, path: string, at: number): void {
  const bytes = Buffer.from(disk.bytesOf(path));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  disk.put(path, bytes);
}

async function kinds(disk: MemoryStore, repair = false): Promise<string[]> {
  const { streams, isGood } = await verifyStreams(disk, { repair });
  const problems = streams.flatMap((stream) => stream.problems);
  assert.equal(
    isGood,
    problems.every(({ isRepaired }) => isRepaired),
  );
  return problems.map(({ kind }) => kind);
}

test('finds nothing wrong with a log that was closed, and tells what is in it', async () => {
  const disk = await sealedLog();
  const progress: string[] = [];
  const report = await verifyStreams(disk, { onProgress: ({ file }) => progress.push(file) });
  assert.equal(report.isGood, true);
  const [stream] = report.streams;
  assert.equal(stream?.fragments, 18);
  assert.deepEqual(stream?.problems, []);
  assert.deepEqual(
    progress,
    filesOf(disk, '.mp4').map((path) => path.split('/')[2]),
  );
  assert.equal(
    stream?.sizeBytes,
    filesOf(disk, '.mp4').reduce((sum, path) => sum + disk.bytesOf(path).length, 0),
  );
});

test('finds nothing wrong with a log that is being written', async () => {
  const rig = new LogRig({ fileMaxMs: 10_000 });
  await rig.write(await rig.open(), new ChunkMaker(), 12);
  assert.deepEqual(await kinds(rig.disk), []);
  assert.deepEqual(await kinds(rig.disk.afterKill(), true), []);
});

test('finds and repairs what is disposable', async () => {
  const whole = await sealedLog();
  const index = filesOf(whole, '.idx')[1] ?? '';
  const breakages: [string, (disk: MemoryStore) => void][] = [
    ['index', (disk) => disk.remove(index)],
    ['index', (disk) => flip(disk, index, 100)],
    ['index', (disk) => disk.put(index, disk.bytesOf(index).subarray(0, -88))],
    ['manifest', (disk) => disk.remove('streams/cam/manifest')],
    ['manifest', (disk) => flip(disk, 'streams/cam/manifest', 9)],
    [
      'manifest',
      (disk) => disk.put('streams/cam/manifest', disk.bytesOf('streams/cam/manifest').subarray(0, -2 * 136)),
    ],
    [
      'torn-tail',
      (disk) =>
        disk.put(
          filesOf(disk, '.mp4')[0] ?? '',
          Buffer.concat([disk.bytesOf(filesOf(disk, '.mp4')[0] ?? ''), Buffer.from('torn')]),
        ),
    ],
  ];
  for (const [kind, damage] of breakages) {
    const disk = whole.afterKill();
    damage(disk);
    const broken = disk.afterKill();
    assert.deepEqual(await kinds(disk), [kind]);
    assert.deepEqual(
      disk.paths.map((path) => disk.bytesOf(path)),
      broken.paths.map((path) => broken.bytesOf(path)),
      'only looked at',
    );
    assert.deepEqual(await kinds(disk, true), [kind]);
    assert.deepEqual(await kinds(disk), []);
    assert.deepEqual(disk.paths, whole.paths);
    for (const path of disk.paths) assert.deepEqual(disk.bytesOf(path), whole.bytesOf(path), path);
  }
});

test('damaged media is told and never touched, and repair makes the rest readable', async () => {
  const disk = await sealedLog();
  const [path = ''] = filesOf(disk, '.mp4');
  const damagedAt = disk.bytesOf(path).indexOf('mdat') + 50;
  flip(disk, path, damagedAt);
  const media = Buffer.from(disk.bytesOf(path));
  assert.deepEqual(await kinds(disk), ['damaged', 'index', 'manifest']);
  const report = await verifyStreams(disk, { repair: true });
  assert.deepEqual(
    report.streams[0]?.problems.map(({ isRepaired }) => isRepaired),
    [false, true, true],
  );
  assert.deepEqual(disk.bytesOf(path), media);
  const rig = new LogRig({ disk });
  const ordinals = (await listAll(await rig.open())).map(({ ordinal }) => ordinal);
  assert.deepEqual(
    ordinals,
    Array.from({ length: 19 }, (_, at) => at).filter((ordinal) => ordinal !== 0 && ordinal !== 12),
  );
  assert.deepEqual(rig.events, []);
});

test('tells of missing files, of files with nothing good in them and of damaged init segments', async () => {
  const whole = await sealedLog();
  const files = filesOf(whole, '.mp4');
  const missing = whole.afterKill();
  missing.remove(files[1] ?? '');
  missing.remove((files[1] ?? '').replace('.mp4', '.idx'));
  assert.deepEqual(await kinds(missing), ['ordinal-hole']);
  const emptied = whole.afterKill();
  emptied.put(files[0] ?? '', Buffer.alloc(1000));
  assert.deepEqual(await kinds(emptied), ['nothing-good', 'manifest']);
  const init = whole.afterKill();
  flip(init, files[0] ?? '', 20);
  assert.deepEqual(await kinds(init), ['init-damaged']);
});

test('inspect tells the boxes, chunks and fragments of a file', async () => {
  const disk = await sealedLog();
  const path = filesOf(disk, '.mp4').at(-2) ?? '';
  const inspection = await inspectLogFile(disk, path);
  assert.equal(inspection.index, 'equal');
  assert.equal(inspection.boxesEnd, undefined);
  assert.deepEqual(
    inspection.boxes.slice(0, 6).map(({ type }) => type),
    ['ftyp', 'moov', 'uuid', 'prft', 'moof', 'mdat'],
  );
  assert.equal(inspection.boxes.length, 2 + 4 * inspection.chunks.length);
  const twoChunks = inspection.fragments.find(({ chunks }) => chunks === 2);
  assert.equal(twoChunks?.info.ordinal, 13);
  assert.equal(inspection.chunks.find(({ box }) => box.fragment.ordinal === 14)?.box.tags[0]?.name, 'who');
  disk.put(path, disk.bytesOf(path).subarray(0, -3));
  const torn = await inspectLogFile(disk, path);
  assert.equal(torn.index, 'differs');
  assert.match(torn.boxesEnd?.reason ?? '', /inside a box/);
  assert.match(torn.scan.tornReason ?? '', /inside the chunk/);
});
