import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatFragmentNumber,
  parseFragmentNumber,
} from '../../../../../fragments/stream/fragment-number.ts';
import { type MediaStart, startPosition } from '../../../../../server/playback/matroska/start-position.ts';
import { camera, NOW_MS } from '../../../fragments/stream/media.ts';
import { WriterRig } from '../../../fragments/stream/writer-rig.ts';

/** Ten seconds, a fragment each: the older ones in the log alone, the newest being received. */
async function rigOf(seconds = 10): Promise<WriterRig> {
  const rig = new WriterRig({ windowFragments: 2 });
  rig.write(camera(0, seconds * 1000));
  await rig.settle();
  assert.ok((rig.window.fragments[0]?.info.ordinal ?? 0) > 2, 'the start has left the window');
  return rig;
}

async function ordinalOf(rig: WriterRig, start: MediaStart, retainedFromMs = 0): Promise<number> {
  const position = await startPosition(rig, start, retainedFromMs);
  assert.equal(position.sampleIndex, 0);
  return position.ordinal;
}

test('now is the newest fragment being received', async () => {
  const rig = await rigOf();
  assert.equal(await ordinalOf(rig, { at: 'now' }), rig.window.current?.info.ordinal);
});

test('now is the next fragment to come while nobody publishes', async () => {
  const rig = await rigOf();
  await rig.writer.end();
  assert.equal(await ordinalOf(rig, { at: 'now' }), rig.window.nextOrdinal);
});

test('now is where a decoder can start when a long group of pictures was cut', async () => {
  const rig = new WriterRig({ maxFragmentMs: 2000 });
  rig.write(camera(0, 5000, 60_000));
  assert.equal(rig.window.current?.info.independent, false);
  assert.equal(await ordinalOf(rig, { at: 'now' }), 0);
});

test('earliest is the oldest that is kept', async () => {
  const rig = await rigOf();
  assert.equal(await ordinalOf(rig, { at: 'earliest' }), 0);
  assert.equal(await ordinalOf(rig, { at: 'earliest' }, NOW_MS + 3500), 3, 'what is older is not kept');
});

test('earliest of a stream without a log is the first to come', async () => {
  assert.equal(await ordinalOf(new WriterRig(), { at: 'earliest' }, NOW_MS), 0);
});

test('after a fragment number comes the next fragment, wherever it is', async () => {
  const rig = await rigOf();
  const numbers = [...rig.log.fragments, ...rig.window.fragments.map(({ info }) => info)];
  for (const { number, ordinal } of numbers) {
    assert.equal(await ordinalOf(rig, { at: 'after', number }), ordinal + 1);
  }
});

test('the fragment after one that is no more, or never was, is found by the order of numbers', async () => {
  const rig = await rigOf();
  const parts = parseFragmentNumber(rig.log.fragments[3]?.number ?? '');
  assert.ok(parts);
  const between = formatFragmentNumber({ ...parts, random28: parts.random28 + 1 });
  assert.equal(await ordinalOf(rig, { at: 'after', number: between }), 4);
  const before = formatFragmentNumber({ sequence: 0, serverMs: 0, random28: 0 });
  assert.equal(await ordinalOf(rig, { at: 'after', number: before }), 0);
  const late = formatFragmentNumber({ ...parts, sequence: parts.sequence + 1000 });
  assert.equal(await ordinalOf(rig, { at: 'after', number: late }), rig.window.nextOrdinal);
});

for (const at of ['server-time', 'producer-time'] as const) {
  test(`${at}: the fragment that contains the instant`, async () => {
    const rig = await rigOf();
    for (const [ms, ordinal] of [
      [-5000, 0],
      [0, 0],
      [2500, 2],
      [7999, 7],
      [8000, 8],
      [9500, 9],
    ] as const) {
      assert.equal(await ordinalOf(rig, { at, ms: NOW_MS + ms }), ordinal, `at ${ms}`);
    }
  });

  test(`${at}: an instant to come is in the fragment being received, or the next`, async () => {
    const rig = await rigOf();
    const current = rig.window.current?.info.ordinal;
    assert.equal(await ordinalOf(rig, { at, ms: NOW_MS + 60_000 }), current);
    await rig.writer.end();
    assert.equal(await ordinalOf(rig, { at, ms: NOW_MS + 60_000 }), rig.window.nextOrdinal);
  });
}
