import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogReadError } from '../../../../fragments/log/log-error.ts';
import { ChunkMaker, LogRig } from './support/log-rig.ts';

test('the tags of all chunks of a stored fragment come back in order, and after a restart', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  const [tagged, plain] = [maker.fragment(3), maker.fragment(2)];
  const late = tagged.map((chunk, at) =>
    at < 2 ? chunk : { ...chunk, tags: [{ name: 'late', value: '' }] },
  );
  await Promise.all([...late, ...plain].map((chunk) => log.append(chunk)));
  const expected = [
    { name: 'who', value: 'Kamera 0 ü' },
    { name: 'late', value: '' },
  ];
  assert.deepEqual(await log.tags(0), expected);
  assert.deepEqual(await log.tags(1), []);
  await log.close();
  const again = await new LogRig({ disk: rig.disk }).open();
  assert.deepEqual(await again.tags(0), expected);
});

test('fragments that are not there, not there any more, or damaged are told as such', async () => {
  const rig = new LogRig({ fileMaxBytes: 1000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 6);
  const isError = (code: string) => (error: unknown) => error instanceof LogReadError && error.code === code;
  await assert.rejects(log.tags(99), isError('not-found'));
  await log.deleteOldest();
  await assert.rejects(log.tags(0), isError('gone'));
  const path = rig.disk.paths.filter((name) => name.endsWith('.mp4')).at(0) ?? '';
  const bytes = rig.disk.bytesOf(path);
  const at = bytes.indexOf('Kamera');
  bytes[at] = 0;
  await assert.rejects(log.tags(log.firstOrdinal + (log.firstOrdinal % 2)), isError('damaged'));
});
