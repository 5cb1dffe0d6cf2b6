import assert from 'node:assert/strict';
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, type TestContext, test } from 'node:test';
import { readWhole, StoreError } from '../../../../fragments/log/byte-store.ts';
import { IoLane, makeIoLanes } from '../../../../fragments/log/io-lane.ts';
import { LocalByteStore } from '../../../../fragments/log/local-byte-store.ts';

function makeStore(context: TestContext): LocalByteStore {
  const root = mkdtempSync(join(tmpdir(), 'framelog-store-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return new LocalByteStore(root);
}

const isCode = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

test('appends, cuts, syncs and reads', async (context) => {
  const store = makeStore(context);
  await store.makeDirectory('a/b');
  await store.makeDirectory('a/b');
  const file = await store.openAppend('a/b/file', 'new');
  await file.append([Buffer.from('one '), Buffer.from('two '), Buffer.alloc(0), Buffer.from('three')]);
  await file.truncate(8);
  await file.append([Buffer.from('four')]);
  await file.sync();
  await file.close();
  await store.syncDirectory('a/b');
  const opened = await store.openRead('a/b/file');
  assert.equal(opened.sizeBytes, 12);
  const target = Buffer.alloc(20);
  assert.equal(await opened.read(target, 4), 8);
  assert.equal(target.toString('latin1', 0, 8), 'two four');
  await store.delete('a/b/file');
  assert.equal(await opened.read(target, 0), 12, 'stays readable');
  await opened.close();
  await store.delete('a/b/file');
  assert.deepEqual(await store.list('a/b'), []);
  assert.deepEqual(await store.list('nowhere'), []);
});

test('replaces whole files, and cuts those that are closed', async (context) => {
  const store = makeStore(context);
  await store.makeDirectory('d');
  await store.replace('d/x', Buffer.from('old'));
  await store.replace('d/x', Buffer.from('newer'));
  await store.truncate('d/x', 3);
  assert.equal(readFileSync(join(store.root, 'd/x'), 'utf8'), 'new');
  assert.deepEqual(await store.list('d'), ['x']);
  await assert.rejects(readWhole(store, 'd/x', 2), isCode('io-error'));
  await store.removeDirectory('d');
  await store.removeDirectory('d');
  assert.deepEqual(await store.list(''), []);
});

test('its errors are typed', async (context) => {
  const store = makeStore(context);
  await store.makeDirectory('d');
  await assert.rejects(store.openRead('d/none'), isCode('not-found'));
  await (await store.openAppend('d/x', 'new')).close();
  await assert.rejects(store.openAppend('d/x', 'new'), isCode('already-exists'));
  await assert.rejects(store.list('d/x'), isCode('io-error'));
  const { freeBytes, totalBytes } = await store.space();
  assert.ok(freeBytes > 0 && totalBytes >= freeBytes);
});

test('many buffers, and writes that the system takes only in part', async (context) => {
  const store = makeStore(context);
  const buffers = Array.from({ length: 3000 }, (_, at) => Buffer.from(`${at},`));
  const file = await store.openAppend('x', 'new');
  const batches: number[] = [];
  const { writev } = fs;
  type Callback = (error: NodeJS.ErrnoException | null, written: number, buffers: Uint8Array[]) => void;
  const part = (fd: number, pieces: Uint8Array[], position: null, done: Callback): void => {
    batches.push(pieces.length);
    // a third of what it was given, and at least a byte
    const bytes = Buffer.concat(pieces);
    writev(fd, [bytes.subarray(0, Math.ceil(bytes.length / 3))], position, done);
  };
  mock.method(fs, 'writev', part);
  await file.append(buffers);
  mock.restoreAll();
  await file.close();
  assert.equal(readFileSync(join(store.root, 'x'), 'utf8'), buffers.join(''));
  assert.ok(Math.max(...batches) <= 1024, 'IOV_MAX');
});

test('a lane runs so many operations at once, in order, and goes on after failures', async () => {
  const lane = new IoLane(2);
  const started: number[] = [];
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const runs = gates.map((gate, at) =>
    lane.run(async () => {
      started.push(at);
      await gate.promise;
      if (at % 2 === 1) throw new Error(`operation ${at}`);
    }),
  );
  const settled = Promise.allSettled(runs);
  assert.deepEqual(started, [0, 1]);
  assert.equal(lane.depth, 6);
  gates[1]?.resolve();
  await Promise.allSettled([runs[1]]);
  assert.deepEqual(started, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  const states = (await settled).map(({ status }) => status);
  assert.deepEqual(states, ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected']);
  assert.equal(lane.depth, 0);
});

test('lanes leave threads of the pool to others', () => {
  for (const [pool, width] of [
    [1, 1],
    [4, 1],
    [8, 2],
    [16, 4],
    [Number.NaN, 1],
  ] as const) {
    assert.equal(makeIoLanes(pool).writes.width, width);
  }
});

test('removing a directory that is not there, nor its parent, does nothing', async (context) => {
  const store = makeStore(context);
  await store.removeDirectory('streams/cam');
  await store.makeDirectory('streams');
  await store.removeDirectory('streams/cam');
  assert.deepEqual(await store.list('streams'), []);
});
