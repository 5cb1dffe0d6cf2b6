import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { AUDIO, camera, NOW_MS, VIDEO } from './media.ts';
import { WriterRig } from './writer-rig.ts';

test('a GOP is a fragment, with its audio by time, in the log and in the window', async () => {
  const rig = new WriterRig();
  rig.write(camera(0, 3500));
  await rig.writer.end();

  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, startTicks, durationTicks }) => [ordinal, startTicks, durationTicks]),
    [
      [0, 0, 90_000],
      [1, 90_000, 90_000],
      [2, 180_000, 90_000],
      [3, 270_000, 46_800],
    ],
  );
  const first = rig.log.fragments[0];
  assert.equal(first?.startsRun, true);
  assert.equal(first?.independent, true);
  assert.equal(first?.producerMs, NOW_MS);
  assert.equal(rig.log.fragments[1]?.startsRun, false);
  assert.equal(rig.log.fragments[1]?.producerMs, NOW_MS + 1000);
  for (const [i, samples] of rig.stored().entries()) {
    if (i === 3) continue;
    assert.equal(samples.filter(({ trackId }) => trackId === VIDEO.id).length, 25);
    assert.equal(samples.filter(({ trackId }) => trackId === AUDIO.id).length, 50);
  }
  assert.deepEqual(
    rig.news.filter(({ type }) => type === 'persisted').map(({ info }) => info.ordinal),
    [0, 1, 2, 3],
  );
});

test('parts hold the same samples as their fragment', () => {
  const rig = new WriterRig();
  rig.write(camera(0, 2200));
  const fragment = rig.window.byOrdinal(0);
  assert.ok(fragment?.isComplete);
  assert.deepEqual(
    fragment.parts.map(({ durationTicks, independent }) => [durationTicks / 90, independent]),
    [
      [480, true],
      [480, false],
      [40, false],
    ],
  );
  const ofParts = fragment.parts.flatMap(({ buffers }) => samplesOf(Buffer.concat(buffers), fragment.tracks));
  const ofSegment = samplesOf(Buffer.concat(fragment.segment), fragment.tracks);
  assert.deepEqual(ofParts, ofSegment);
});
