import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkMaker, LogRig } from './support/log-rig.ts';

test('a chunk whose producer waits is durable sooner than the usual round', async () => {
  const rig = new LogRig({ syncPolicy: 'interval', syncIntervalMs: 1000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  const durable: string[] = [];
  const append = (name: string, isAwaited: boolean) => {
    for (const chunk of maker.fragment()) {
      void log.append(isAwaited ? { ...chunk, isAwaited } : chunk).then(() => durable.push(name));
    }
  };
  // the first round of each kind comes at once
  append('first', false);
  await rig.clock.advance(1);
  append('first awaited', true);
  await rig.clock.advance(1);
  assert.deepEqual(durable, ['first', 'first awaited']);

  append('usual', false);
  await rig.clock.advance(100);
  assert.equal(durable.length, 2);
  append('awaited', true);
  await rig.clock.advance(30);
  assert.deepEqual(durable.slice(2), ['usual', 'awaited'], 'one sync of the file is good for both');
  await log.close();
});
