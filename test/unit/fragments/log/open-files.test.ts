import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogReadError } from '../../../../fragments/log/log-error.ts';
import { LruCache } from '../../../../fragments/log/lru-cache.ts';
import { OpenFiles } from '../../../../fragments/log/open-files.ts';
import { settle } from './support/manual-clock.ts';
import { MemoryStore } from './support/memory-store.ts';

function makeFiles(maxIdle: number) {
  const disk = new MemoryStore();
  for (let at = 0; at < 10; at++) disk.put(`f${at}`, Buffer.from(`content ${at}`));
  const files = new OpenFiles(disk, maxIdle, (path) => assert.fail(path));
  return { disk, files };
}

test('opens a file once for all that read it at the same time, and keeps it for a while', async () => {
  const { disk, files } = makeFiles(2);
  const [one, two] = await Promise.all([files.borrow('f1'), files.borrow('f1')]);
  assert.equal(disk.openReads, 1);
  const target = Buffer.alloc(4);
  await one.read(target, 3);
  assert.equal(target.toString(), 'tent');
  one.release();
  two.release();
  assert.equal(files.openCount, 1);
  const again = await files.borrow('f1');
  assert.equal(disk.openReads, 1);
  again.release();
});

test('a file is not closed under somebody who is about to get it', async () => {
  const { disk, files } = makeFiles(1);
  (await files.borrow('f1')).release();
  const borrowing = files.borrow('f1'); // not awaited: it is idle until now
  const others = await Promise.all(['f2', 'f3', 'f4'].map((path) => files.borrow(path)));
  for (const other of others) other.release();
  const one = await borrowing;
  await settle();
  assert.equal(disk.openReads, 2);
  await one.read(Buffer.alloc(3), 0);
  one.release();
  one.release();
  await settle();
  assert.equal(disk.openReads, 1);
});

test('errors are typed, and a file that appears later is found', async () => {
  const { disk, files } = makeFiles(1);
  await assert.rejects(
    files.borrow('none'),
    (error) => error instanceof LogReadError && error.code === 'gone',
  );
  assert.equal(files.openCount, 0);
  disk.put('none', Buffer.from('now'));
  const borrowed = await files.borrow('none');
  await assert.rejects(
    borrowed.read(Buffer.alloc(9), 0),
    (error) => error instanceof LogReadError && error.code === 'damaged',
  );
  borrowed.release();
});

test('the cache keeps what was used last within its weight, and loads once', async () => {
  const cache = new LruCache<string>(10, (value) => value.length);
  let loads = 0;
  const load = async (): Promise<string> => {
    loads++;
    await settle();
    return 'abcd';
  };
  assert.deepEqual(await Promise.all([cache.getOrLoad('a', load), cache.getOrLoad('a', load)]), [
    'abcd',
    'abcd',
  ]);
  assert.equal(loads, 1);
  cache.set('b', 'efgh');
  assert.equal(cache.get('a'), 'abcd');
  cache.set('c', 'ijkl');
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a'), 'abcd');
  assert.equal(cache.weight, 8);
  await assert.rejects(cache.getOrLoad('bad', () => Promise.reject(new Error('no'))));
  assert.equal(await cache.getOrLoad('bad', async () => 'yes'), 'yes');
  cache.set('large', 'x'.repeat(11));
  assert.equal(cache.weight, 0, 'what is larger than the cache is not kept');
});
