import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartCutter } from '../../../../fragments/stream/part-cutter.ts';
import { compatiblePartTargetMs } from '../../../../fragments/stream/part-target.ts';
import { AUDIO, VIDEO } from './media.ts';

/** Durations of the parts in ms (the last, open one apart), for frames whose times are rounded to a millisecond as RTMP does. */
function partsAt(fps: number, settingMs: number, frames = 600): { partsMs: number[]; targetMs: number } {
  const cutter = new PartCutter(settingMs);
  cutter.setLead(VIDEO);
  cutter.startFragment();
  const partsMs: number[] = [];
  let partMs = 0;
  for (let i = 0; i < frames; i++) {
    const frameMs = Math.round(((i + 1) * 1000) / fps) - Math.round((i * 1000) / fps);
    if (cutter.endsBefore(frameMs * 90)) {
      partsMs.push(partMs);
      partMs = 0;
      cutter.startPart();
    }
    cutter.add(frameMs * 90);
    partMs += frameMs;
  }
  return { partsMs, targetMs: cutter.targetMs };
}

test('25 fps: 12 frames at 500 ms, 5 at 200 ms; 30 fps: 6 frames at 200 ms', () => {
  assert.deepEqual(new Set(partsAt(25, 500).partsMs), new Set([480]));
  assert.equal(partsAt(25, 500).targetMs, 500);
  assert.deepEqual(new Set(partsAt(25, 200).partsMs), new Set([200]));
  assert.deepEqual(new Set(partsAt(30, 200).partsMs), new Set([200]));
});

test('at every frame rate and setting parts keep between 85 and 100 % of a target near the setting', () => {
  for (const fps of [
    1, 2, 5, 7, 8, 10, 12, 12.5, 15, 20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 90, 120,
  ]) {
    for (const settingMs of [200, 250, 333, 400, 500, 750, 1000]) {
      const { partsMs, targetMs } = partsAt(fps, settingMs);
      const where = `${fps} fps, ${settingMs} ms, target ${targetMs}`;
      for (const ms of partsMs) {
        assert.ok(ms <= targetMs && ms >= 0.85 * targetMs, `${ms} ms at ${where}`);
      }
      assert.ok(targetMs >= settingMs && targetMs <= Math.max(settingMs * 1.65, 1010 / fps + 5), where);
    }
  }
});

test('the target follows the frame rate at the next fragment, and only when it must', () => {
  const cutter = new PartCutter(500);
  cutter.setLead(VIDEO);
  const fragment = (fps: number) => {
    cutter.startFragment();
    for (let i = 0; i < fps * 4; i++) {
      const ticks = 90_000 / fps;
      if (cutter.endsBefore(ticks)) cutter.startPart();
      cutter.add(ticks);
    }
    return cutter.targetMs;
  };
  assert.equal(fragment(25), 500);
  assert.equal(fragment(30), 500);
  fragment(5);
  assert.equal(fragment(5), 605);
  fragment(25);
  assert.equal(fragment(25), 605, 'still good');
});

test('a frame that was lost does not change the target', () => {
  const cutter = new PartCutter(200);
  cutter.setLead(VIDEO);
  for (let i = 0; i < 100; i++) {
    if (i % 25 === 0) cutter.startFragment();
    const ticks = i % 20 === 7 ? 7200 : 3600;
    if (cutter.endsBefore(ticks)) cutter.startPart();
    cutter.add(ticks);
  }
  assert.equal(cutter.targetMs, 205);
});

test('another lead track is judged anew', () => {
  const cutter = new PartCutter(500);
  cutter.setLead(VIDEO);
  for (let i = 0; i < 5; i++) {
    if (cutter.endsBefore(90_000)) cutter.startPart();
    cutter.add(90_000);
  }
  assert.equal(cutter.targetMs, 1010);
  cutter.setLead(AUDIO);
  cutter.startFragment();
  for (let i = 0; i < 200; i++) {
    if (cutter.endsBefore(1800)) cutter.startPart();
    cutter.add(1800);
  }
  assert.equal(cutter.targetMs, 500);
});

test('a part has at least one frame and passes the target only with a single one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2_000_000 }), { maxLength: 200 }), (durations) => {
      const cutter = new PartCutter(500);
      cutter.setLead(VIDEO);
      cutter.startFragment();
      let part: number[] = [];
      for (const ticks of durations) {
        if (cutter.endsBefore(ticks)) {
          assert.ok(part.length > 0);
          cutter.startPart();
          part = [];
        }
        cutter.add(ticks);
        part.push(ticks);
        const partMs = part.reduce((sum, each) => sum + each, 0) / 90;
        assert.ok(part.length === 1 || partMs <= Math.max(cutter.targetMs, 500));
      }
    }),
  );
});

test('no target up to 5 s: the frame itself', () => {
  assert.equal(compatiblePartTargetMs(500, 8001, 0), 8005);
});
