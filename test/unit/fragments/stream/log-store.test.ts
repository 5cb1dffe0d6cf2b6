import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { LogStoreError } from '../../../../fragments/stream/log-store.ts';
import { isStreamName, streamDirectory } from '../../../../fragments/stream/stream-directory.ts';
import { MemoryStore } from '../log/support/memory-store.ts';
import { ChunkMaker, LogRig, listAll } from './support/log-rig.ts';

test('takes the names of KVS streams and no others', async () => {
  const good = ['a', 'A-b_c.9', '...', '.hidden', 'x'.repeat(256), '-'];
  const bad = ['', '.', '..', 'a/b', '../x', 'a b', 'ä', 'x'.repeat(257), 'a~b', 'a\\b', 'a\0b'];
  const rig = new LogRig();
  for (const name of good) {
    assert.ok(isStreamName(name), name);
    await rig.write(await rig.open(name), new ChunkMaker(), 1);
    for (const part of streamDirectory(name).split('/'))
      assert.ok(part.length <= 255 && part !== '.' && part !== '..');
  }
  for (const name of bad) {
    assert.ok(!isStreamName(name), name);
    await assert.rejects(
      rig.open(name),
      (error) => error instanceof LogStoreError && error.code === 'invalid-name',
    );
    await assert.rejects(rig.store.delete(name), LogStoreError);
  }
  assert.deepEqual(await rig.store.list(), good.toSorted());
});

test('opens a stream once', async () => {
  const rig = new LogRig();
  const [one, two] = await Promise.all([rig.open(), rig.open()]);
  assert.equal(one, two);
  assert.equal(await rig.open(), one);
});

test('a log that was closed is opened anew, after the close', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 2);
  const closing = log.close();
  const again = await rig.open();
  await closing;
  assert.notEqual(again, log);
  assert.equal((await listAll(again)).length, 2);
  const maker = new ChunkMaker();
  maker.nextOrdinal = 2;
  maker.sequence = 3000;
  await rig.write(again, maker, 1);
});

test('a stream that is deleted is gone, and its name is free at once', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 2);
  const deleting = rig.store.delete('cam');
  const again = await rig.open();
  await deleting;
  assert.deepEqual(rig.disk.paths, []);
  assert.deepEqual(await listAll(again), []);
  await rig.write(again, new ChunkMaker(), 1);
  await rig.store.delete('never-there');
});

test('retention does not bring a stream back that is deleted while it runs', async () => {
  const rig = new LogRig();
  for (const name of ['a', 'b', 'c']) await rig.write(await rig.open(name), new ChunkMaker(), 1);
  const made: string[] = [];
  rig.disk.makeDirectory = async (path?: string) => {
    made.push(path ?? '');
  };
  const round = rig.store.runRetention();
  await rig.store.delete('c');
  await round;
  assert.deepEqual(made, []);
  assert.deepEqual(await rig.store.list(), ['a', 'b']);
});

test('a directory that cannot be opened is told and does not keep the others from opening', async () => {
  const first = new LogRig();
  for (const name of ['bad', 'good']) await first.write(await first.open(name), new ChunkMaker(), 1);
  const rig = new LogRig({ disk: first.disk.afterKill() });
  const { StoreError } = await import('../../../../fragments/log/byte-store.ts');
  rig.disk.onOperation = ({ path }) =>
    path.startsWith('streams/bad/') ? { error: new StoreError('io-error', 'bad sector') } : undefined;
  const failures = await rig.store.openAll();
  assert.deepEqual([...failures.keys()], ['bad']);
  assert.equal(rig.store.stats().openStreams, 1);
  rig.disk.onOperation = () => undefined;
  assert.equal((await listAll(await rig.open('bad'))).length, 1, 'it can be tried again');
});

test('files open for reading are bounded', async () => {
  const rig = new LogRig({ fileMaxMs: 4000, openFiles: 5 });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 60);
  for (let ordinal = 0; ordinal < 60; ordinal++) (await log.open(ordinal)).close();
  assert.ok(rig.store.stats().openFiles <= 5);
  const readers = await Promise.all(Array.from({ length: 60 }, (_, ordinal) => log.open(ordinal)));
  assert.ok(rig.disk.openReads > 20);
  for (const reader of readers) reader.close();
  await setImmediate();
  assert.equal(rig.store.stats().openFiles, 5);
  assert.equal(rig.disk.openReads, 5);
  await rig.store.close();
  assert.equal(rig.disk.openReads, 0);
});

test('a closed store refuses', async () => {
  const rig = new LogRig({ disk: new MemoryStore() });
  await rig.store.close();
  await assert.rejects(rig.open(), (error) => error instanceof LogStoreError && error.code === 'closed');
});
