import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import { ProducerOrder, selectFragments } from '../../../../../server/playback/session/fragment-selection.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';
import { ChunkMaker, LogRig } from '../../../fragments/stream/support/log-rig.ts';

/** A log of fragments of 2 s; `producerMs` of each, relative to the start, and after it how long the server heard nothing. */
async function record(script: readonly (number | { readonly silentMs: number })[]) {
  const log = await new LogRig().open();
  const maker = new ChunkMaker(NOW_MS);
  const rig = new LogRig();
  for (const step of script) {
    if (typeof step !== 'number') {
      maker.serverMs += step.silentMs;
      continue;
    }
    maker.producerOffsetMs = NOW_MS + step - maker.serverMs;
    await rig.write(log, maker, 1);
  }
  return log;
}

async function select(
  script: Parameters<typeof record>[0],
  fromMs: number,
  toMs: number,
  limit = 100,
): Promise<[startMs: number, ordinal: number][]> {
  const log = await record(script);
  const range = { clock: 'producer' as const, fromMs: NOW_MS + fromMs, toMs: NOW_MS + toMs };
  return (await selectFragments(log, range, limit)).map((info) => [info.producerMs - NOW_MS, info.ordinal]);
}

test('a fragment belongs to a range when its start lies in it, both ends included', async () => {
  assert.deepEqual(await select([0, 2000, 4000, 6000], 2000, 4000), [
    [2000, 1],
    [4000, 2],
  ]);
  assert.deepEqual(await select([0, 2000], 2001, 90_000), []);
});

test('what a producer sends again after a reconnect replaces what it sent first', async () => {
  assert.deepEqual(await select([0, 2000, 4000, { silentMs: 5000 }, 2000, 4000, 6000], 0, 9000), [
    [0, 0],
    [2000, 3],
    [4000, 4],
    [6000, 5],
  ]);
});

test('of a time that was recorded twice, far apart, only the older recording is shown', async () => {
  const twice = [0, 2000, 4000, { silentMs: 86_400_000 }, 0, 2000, 4000];
  assert.deepEqual(await select(twice, 0, 9000), [
    [0, 0],
    [2000, 1],
    [4000, 2],
  ]);
  const otherBounds = [0, 2000, 4000, { silentMs: 86_400_000 }, 700, 2700, 6000];
  assert.deepEqual(await select(otherBounds, 0, 9000), [
    [0, 0],
    [2000, 1],
    [4000, 2],
    [6000, 5],
  ]);
});

test('a hole that is filled in later is no repetition', async () => {
  assert.deepEqual(await select([0, 4000, { silentMs: 86_400_000 }, 2000], 0, 9000), [
    [0, 0],
    [2000, 2],
    [4000, 1],
  ]);
});

test('overlapping fragments with starts of their own are both kept', () => {
  const order = new ProducerOrder();
  const info = (ordinal: number, producerMs: number) =>
    ({ ordinal, producerMs, serverMs: producerMs, durationTicks: 2000, timescale: 1000 }) as FragmentInfo;
  order.add(info(0, 0));
  order.add(info(1, 500));
  assert.deepEqual(
    order.fragments.map(({ ordinal }) => ordinal),
    [0, 1],
  );
});

test('the oldest come first up to the limit, over many pages', async () => {
  const starts = Array.from({ length: 1203 }, (_, i) => i * 2000);
  assert.equal((await select(starts, 0, 1e9, 2000)).length, 1203);
  assert.deepEqual((await select(starts, 2000, 1e9, 1001)).at(-1), [1001 * 2000, 1001]);
});

test('starts are compared in whole milliseconds, as clients are told them', async () => {
  const selected = await select([0.4, 1999.6, 4000.4], 2000, 4000);
  assert.deepEqual(
    selected.map(([, ordinal]) => ordinal),
    [1, 2],
  );
});

test('what retention forbids to see is not selected, also where its file is still there', async () => {
  const log = await record([0, 2000, 4000]);
  const range = { clock: 'producer' as const, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const kept = await selectFragments(log, range, 10, NOW_MS + 2000);
  assert.deepEqual(
    kept.map(({ ordinal }) => ordinal),
    [1, 2],
  );
});

test('server time keeps the order of recording, and repetitions', async () => {
  const log = await record([0, 2000, 0]);
  const all = await selectFragments(log, { clock: 'server', fromMs: NOW_MS, toMs: NOW_MS + 60_000 }, 10);
  assert.deepEqual(
    all.map(({ ordinal }) => ordinal),
    [0, 1, 2],
  );
});

test('a fragment is selected when all of it is stored', async () => {
  const log = await new LogRig().open();
  const chunks = new ChunkMaker(NOW_MS).fragment(3);
  const range = { clock: 'server' as const, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  for (const chunk of chunks) {
    assert.deepEqual(await selectFragments(log, range, 10), []);
    await log.append(chunk);
  }
  assert.equal((await selectFragments(log, range, 10)).length, 1);
});
