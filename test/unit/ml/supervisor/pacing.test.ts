import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusyShare } from '../../../../ml/supervisor/busy-share.ts';
import { DueSampler } from '../../../../ml/supervisor/due-sampler.ts';
import { TierControl } from '../../../../ml/supervisor/tier-control.ts';
import { Turns } from '../../../../ml/supervisor/turns.ts';

function due(sampler: DueSampler, timesMs: readonly number[]): number[] {
  return timesMs.filter((ms) => sampler.isDue({ ptsUs: ms * 1000, isSync: ms % 2000 === 0 }));
}

test('fps: the first frame at or after each due time, at the rate that was asked for', () => {
  const sampler = new DueSampler({ kind: 'fps', framesPerSecond: 5, everyNthKey: 1 });
  const at30 = Array.from({ length: 90 }, (_, i) => (i * 1000) / 30);
  assert.equal(due(sampler, at30).length, 15);
  const late = new DueSampler({ kind: 'fps', framesPerSecond: 2, everyNthKey: 1 });
  assert.deepEqual(
    due(late, [10, 400, 511, 600, 1009.5, 5000, 5100, 5510, 5600]),
    [10, 511, 1009.5, 5000, 5100, 5510],
  );
});

test('fps: a frame for each due time also where decode order is another', () => {
  const sampler = new DueSampler({ kind: 'fps', framesPerSecond: 10, everyNthKey: 1 });
  assert.deepEqual(due(sampler, [0, 160, 80, 40, 120, 320, 240, 200, 280]), [0, 160, 320, 240]);
});

test('fps: time that went back begins anew', () => {
  const sampler = new DueSampler({ kind: 'fps', framesPerSecond: 10, everyNthKey: 1 });
  assert.deepEqual(due(sampler, [900_000, 900_040, 10, 50, 110]), [900_000, 10, 110]);
});

test('key frames: every n-th', () => {
  const times = Array.from({ length: 21 }, (_, i) => i * 1000);
  assert.deepEqual(due(new DueSampler({ kind: 'keyframes', everyNthKey: 4 }), times), [0, 8000, 16_000]);
  assert.deepEqual(due(new DueSampler({ kind: 'off', everyNthKey: 1 }), times), []);
});

test('a machine that cannot keep up: first key frames only, then ever fewer of them, and back with patience', () => {
  const control = new TierControl({ kind: 'fps', framesPerSecond: 5 });
  const tiers: string[] = [];
  let nowMs = 0;
  const run = (lagMs: number, forMs: number) => {
    for (const until = nowMs + forMs; nowMs < until; nowMs += 100) {
      // Between two looks there is a frame that has just come.
      const isChanged = control.looked(lagMs, 2000, nowMs) || control.waited(0, 2000, nowMs);
      if (isChanged) tiers.push(`${control.inForce.kind}/${control.inForce.everyNthKey}`);
    }
  };
  run(300, 5000);
  assert.deepEqual(tiers, [], 'less than two periods late');
  run(500, 2900);
  run(100, 100);
  run(500, 2900);
  assert.deepEqual(tiers, [], 'late, but not for long');
  run(500, 1000);
  assert.deepEqual(tiers, ['keyframes/1']);
  run(4100, 5000);
  assert.deepEqual(tiers, ['keyframes/1', 'keyframes/2']);
  run(4100, 30_000);
  assert.equal(tiers.length, 2, '4.1 s is not too late for one frame in 4 s');
  run(1_000_000, 600_000);
  assert.deepEqual(control.inForce, { kind: 'keyframes', everyNthKey: 16 });
  tiers.length = 0;
  run(100, 10 * 170_000);
  assert.deepEqual(tiers, ['keyframes/8', 'keyframes/4', 'keyframes/2', 'keyframes/1', 'fps/1']);
  assert.equal(control.isLowered, false);
});

test('a frame that nobody looks at is late, too', () => {
  const control = new TierControl({ kind: 'keyframes' });
  let nowMs = 0;
  for (; !control.isLowered; nowMs += 1000) control.waited(nowMs, 2000, nowMs);
  assert.equal(nowMs, 10_000);
});

test('what was raised too soon is tried again later', () => {
  const control = new TierControl({ kind: 'fps', framesPerSecond: 5 });
  let nowMs = 0;
  const until = (isLowered: boolean, lagMs: number) => {
    const startMs = nowMs;
    for (; control.isLowered !== isLowered; nowMs += 100) control.looked(lagMs, 2000, nowMs);
    return nowMs - startMs;
  };
  const patience: number[] = [];
  for (let round = 0; round < 4; round++) {
    until(true, 1000);
    patience.push(until(false, 0));
  }
  assert.ok(
    patience.every((ms, i) => i < 1 || ms > 1.9 * (patience[i - 1] ?? 0)),
    `${patience}`,
  );
});

test('lower classes of work wait, but not for ever', () => {
  const turns = new Turns(3);
  const served = Array.from({ length: 40 }, () => turns.next([true, true, true]));
  assert.deepEqual(served.slice(0, 11), [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0]);
  assert.ok(served.filter((turn) => turn === 2).length >= 3);
  assert.equal(turns.next([false, false, true]), 2);
  assert.equal(turns.next([false, false, false]), undefined);
});

test('the share of a worker that was used lately', () => {
  const share = new BusyShare(0);
  for (let ms = 0; ms < 300_000; ms += 1000) share.add(400, ms);
  assert.ok(Math.abs(share.at(300_000) - 0.4) < 0.02);
  assert.ok(share.at(500_000) < 0.01);
});
