import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveFragment } from '../../../../../fragments/stream/live-window.ts';
import {
  partTargetSeconds,
  TargetDuration,
  targetDurationFor,
} from '../../../../../server/playback/hls/target-durations.ts';
import { infoAt, partsOf } from './infos.ts';

test('no fragment, rounded, is above the target duration', () => {
  for (let ms = 0; ms <= 30_000; ms += 7) assert(Math.round(ms / 1000) <= targetDurationFor(ms), `${ms}`);
  assert.equal(targetDurationFor(2004), 2);
  assert.equal(targetDurationFor(2600), 4);
  assert.equal(targetDurationFor(20_000), 20);
});

test('the target duration grows with the longest fragment and never falls', () => {
  const target = new TargetDuration();
  assert.equal(target.seconds, 2);
  target.observe(infoAt(0, { durationTicks: 90_000 * 5 }));
  assert.equal(target.seconds, 6);
  target.observe(infoAt(1, { durationTicks: 90_000 }));
  assert.equal(target.seconds, 6);
});

test('the part target is what parts keep to, or the longest that is listed', () => {
  const fragment = { info: infoAt(0), parts: partsOf(3) } as unknown as LiveFragment;
  assert.equal(partTargetSeconds(500, [fragment]), 0.5);
  const [first, ...others] = partsOf(3);
  const hiccup = { info: infoAt(1), parts: [{ ...first, durationTicks: 90_001 }, ...others] };
  assert.equal(partTargetSeconds(500, [fragment, hiccup as unknown as LiveFragment]), 1.001);
});
