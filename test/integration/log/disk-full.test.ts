import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LocalByteStore } from '../../../fragments/log/local-byte-store.ts';
import type { LogWriteError } from '../../../fragments/log/log-error.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { verifyStreams } from '../../../fragments/stream/verify.ts';
import { ChunkMaker, listAll } from '../../unit/fragments/stream/support/log-rig.ts';

const MIB = 1024 * 1024;

/** A real file system of 8 MiB: tmpfs where it may be mounted, else an ext4 image in a file, through a loop device. */
function mountSmallDisk(context: TestContext): string {
  const base = mkdtempSync(join(tmpdir(), 'framelog-disk-'));
  const mountPoint = join(base, 'disk');
  mkdirSync(mountPoint);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mountPoint], { stdio: 'pipe' });
  } catch {
    const image = join(base, 'image');
    writeFileSync(image, Buffer.alloc(8 * MIB));
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, mountPoint], { stdio: 'pipe' });
  }
  context.after(() => {
    execFileSync('umount', [mountPoint], { stdio: 'pipe' });
    rmSync(base, { recursive: true });
  });
  return mountPoint;
}

test('a full disk: refused as disk-full, nothing torn, and on it goes when there is space', async (context) => {
  const directory = mountSmallDisk(context);
  const store = new LogStore({ directory, syncPolicy: 'fragment', reserveBytes: 0, fileMaxMs: 600_000 });
  const log = await store.open('cam');
  const maker = new ChunkMaker();
  maker.payloadBytes = 300_000;
  const written: number[] = [];
  const refused: string[] = [];
  const send = async (fragments: number): Promise<void> => {
    for (let fragment = 0; fragment < fragments; fragment++) {
      for (const chunk of maker.fragment()) {
        await log.append(chunk).then(
          () => written.push(chunk.fragment.ordinal),
          (error: LogWriteError) => refused.push(error.code),
        );
      }
    }
  };
  await send(40);
  assert.ok(written.length > 15 && refused.length > 5);
  assert.deepEqual(new Set(refused), new Set(['disk-full']));
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    written,
  );
  // The file is the only one and open: seal it, so that it can be deleted when the next write finds the disk full.
  await log.sealIfDue(Number.MAX_SAFE_INTEGER);
  const before = refused.length;
  await send(5);
  assert.equal(refused.length, before);
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    written.slice(-5),
  );
  await store.close();
  const report = await verifyStreams(new LocalByteStore(directory));
  const problems = report.streams
    .flatMap((stream) => stream.problems)
    .filter(({ kind }) => kind !== 'ordinal-hole');
  assert.deepEqual(problems, []);
});

test('the reserve keeps a small disk from ever being full', async (context) => {
  const directory = mountSmallDisk(context);
  const store = new LogStore({ directory, syncPolicy: 'fragment', reserveBytes: MIB, fileMaxBytes: 600_000 });
  const log = await store.open('cam');
  const maker = new ChunkMaker();
  maker.payloadBytes = 100_000;
  for (let round = 0; round < 60; round++) {
    for (const chunk of [maker.fragment(), maker.fragment(), maker.fragment()].flat())
      await log.append(chunk);
    await store.runRetention();
  }
  assert.equal(log.end.nextOrdinal, 180);
  assert.ok(log.firstOrdinal > 0);
  assert.equal(store.stats().writeFailures, 0);
  await store.close();
});
