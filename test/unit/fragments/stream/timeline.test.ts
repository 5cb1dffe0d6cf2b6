import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Track } from '../../../../fragments/media/track.ts';
import { Timeline } from '../../../../fragments/stream/timeline.ts';
import { Unwrap32 } from '../../../../fragments/stream/unwrap32.ts';
import { AUDIO, NOW_MS, sampleAt, VIDEO } from './media.ts';

const SETTINGS = { forwardJumpMs: 10_000, backwardToleranceMs: 500 };

/** A timeline that is fed milliseconds and answers them. */
class Rig {
  readonly timeline = new Timeline(SETTINGS);
  serverMs = NOW_MS;

  constructor(tracks: readonly Track[] = [VIDEO, AUDIO]) {
    this.timeline.setTracks(tracks);
  }

  place(track: Track, dtsMs: number, options: { offsetMs?: number; producerMs?: number } = {}) {
    this.serverMs += 20;
    const { offsetMs = 0, producerMs } = options;
    const placed = this.timeline.place(sampleAt(track, dtsMs, { offsetMs }), this.serverMs, producerMs);
    assert.ok(placed);
    return {
      ms: (placed.dtsTicks * 1000) / track.timescale,
      ptsMs: ((placed.dtsTicks + placed.compositionOffsetTicks) * 1000) / track.timescale,
      startsRun: placed.startsRun,
      producerMs: placed.producerMs,
    };
  }
}

test('media time is the producer time, with its A/V offset and composition offsets', () => {
  const rig = new Rig();
  assert.deepEqual(rig.place(VIDEO, 80, { offsetMs: 80 }), {
    ms: 80,
    ptsMs: 160,
    startsRun: true,
    producerMs: NOW_MS + 20,
  });
  const audio = rig.place(AUDIO, 23);
  assert.equal(audio.ms, 23);
  assert.equal(audio.startsRun, false);
  assert.ok(Math.abs(audio.producerMs - (NOW_MS + 20 - 57)) < 1e-6);
  assert.deepEqual(rig.timeline.counters, { nudged: 0, jumps: 0, realigned: 0, madeUp: 0 });
});

test('a sample of a track that was not declared has no place', () => {
  const rig = new Rig([VIDEO]);
  assert.equal(rig.timeline.place(sampleAt(AUDIO, 0), NOW_MS), undefined);
});

test('a small step back is evened out: decode time moves on, presentation time stays', () => {
  const rig = new Rig();
  rig.place(VIDEO, 1000);
  const back = rig.place(VIDEO, 960, { offsetMs: 40 });
  assert.ok(back.ms > 1000 && back.ms < 1000.02);
  assert.equal(back.ptsMs, 1000);
  assert.equal(back.startsRun, false);
  const same = rig.place(VIDEO, 1000);
  assert.ok(same.ms > back.ms);
  assert.equal(rig.place(VIDEO, 1040).ms, 1040);
  assert.equal(rig.timeline.counters.nudged, 2);
});

test('a jump begins one run for all tracks', () => {
  for (const [fromMs, toMs] of [
    [100_000, 0],
    [0, 100_000],
    [5000, 4000],
  ] as const) {
    const rig = new Rig();
    rig.place(VIDEO, fromMs);
    rig.place(AUDIO, fromMs + 10);
    assert.deepEqual(
      [rig.place(VIDEO, toMs), rig.place(AUDIO, toMs + 10), rig.place(VIDEO, toMs + 40)].map(
        ({ ms, startsRun }) => [ms, startsRun],
      ),
      [
        [toMs, true],
        [toMs + 10, false],
        [toMs + 40, false],
      ],
    );
    assert.equal(rig.timeline.counters.jumps, 1);
  }
});

test('a pause shorter than the threshold is no jump', () => {
  const rig = new Rig();
  rig.place(VIDEO, 0);
  assert.equal(rig.place(VIDEO, 9900).startsRun, false);
  assert.equal(rig.place(VIDEO, 20_000).startsRun, true);
});

test('a track that was silent for long comes back to where the others are', () => {
  const rig = new Rig();
  rig.place(AUDIO, 0);
  for (let ms = 0; ms <= 60_000; ms += 40) rig.place(VIDEO, ms);
  assert.deepEqual([rig.place(AUDIO, 60_000).ms, rig.timeline.counters.jumps], [60_000, 0]);
});

test('samples still on the old timeline after a jump keep their distance, and no second run begins', () => {
  const rig = new Rig();
  rig.place(VIDEO, 100_000);
  rig.place(AUDIO, 100_010);
  assert.equal(rig.place(VIDEO, 0).startsRun, true);
  // 100.050 where 100.040 would have been the video's next: 10 ms later
  const straggler = rig.place(AUDIO, 100_050);
  assert.ok(Math.abs(straggler.ms - 10) < 0.1);
  assert.equal(straggler.startsRun, false);
  const joins = rig.place(AUDIO, 30);
  assert.equal(joins.ms, 30);
  assert.equal(joins.startsRun, false);
  assert.equal(rig.timeline.counters.realigned, 2);
});

test('one track that jumps alone takes the other one along', () => {
  const rig = new Rig();
  rig.place(VIDEO, 1000);
  rig.place(AUDIO, 1000);
  assert.equal(rig.place(AUDIO, 3_600_020).startsRun, true);
  for (let ms = 1040; ms < 5000; ms += 40) {
    const video = rig.place(VIDEO, ms);
    assert.equal(video.startsRun, false);
    assert.ok(Math.abs(video.ms - (3_599_000 + ms)) < 20.001);
    assert.equal(rig.place(AUDIO, 3_600_000 + ms).ms, 3_600_000 + ms);
  }
  assert.equal(rig.timeline.counters.jumps, 1);
});

test('tracks that begin in different epochs are aligned by arrival', () => {
  const rig = new Rig();
  rig.place(VIDEO, 5000);
  const audio = rig.place(AUDIO, 3_600_000);
  assert.equal(audio.ms, 5000);
  assert.equal(audio.startsRun, false);
  assert.equal(rig.place(AUDIO, 3_600_020).ms, 5020);
});

test('times before zero are moved, since tfdt has no sign', () => {
  const rig = new Rig();
  const first = rig.place(AUDIO, -7);
  const video = rig.place(VIDEO, 0);
  assert.ok(first.ms >= 0);
  assert.ok(Math.abs(video.ms - first.ms - 7) < 0.02);
  const late = new Rig();
  late.place(VIDEO, 0);
  const before = late.place(AUDIO, -7);
  assert.equal(before.ms, 0);
  assert.ok(Math.abs(before.ptsMs + 7) < 0.02, 'presented when the producer said');
});

test('24 and 49 days of uptime, widened by the ingest, are one run', () => {
  for (const startMs of [2 ** 31 - 100, 2 ** 32 - 100]) {
    const rig = new Rig();
    const unwrap = new Unwrap32();
    const placed = Array.from({ length: 10 }, (_, i) =>
      rig.place(VIDEO, unwrap.next((startMs + i * 40) % 2 ** 32)),
    );
    assert.deepEqual(
      placed.map(({ ms, startsRun }) => [ms, startsRun]),
      placed.map((_, i) => [startMs + i * 40, i === 0]),
    );
  }
});

test('the producer clock is the wall time where it is given, and anchors the rest', () => {
  const rig = new Rig();
  const cameraMs = Date.UTC(2020, 0, 1);
  assert.equal(rig.place(VIDEO, 0, { producerMs: cameraMs }).producerMs, cameraMs);
  assert.equal(rig.place(VIDEO, 40).producerMs, cameraMs + 40);
  assert.equal(rig.place(VIDEO, 80, { producerMs: cameraMs + 85.5 }).producerMs, cameraMs + 85.5);
  assert.equal(rig.place(VIDEO, 120).producerMs, cameraMs + 125.5);
});

test('without one, wall time runs with media time and follows a drifting clock by 500 ppm at most', () => {
  const timeline = new Timeline(SETTINGS);
  timeline.setTracks([VIDEO]);
  const hourMs = 3_600_000;
  let last = 0;
  let previousMs = 0;
  for (let ms = 0; ms <= 24 * hourMs; ms += 1000) {
    // the camera's clock is 100 ppm slow: after a day 8.6 s of real time are missing in its timestamps
    const placed = timeline.place(sampleAt(VIDEO, ms), NOW_MS + Math.round(ms * 1.0001));
    assert.ok(placed);
    last = placed.producerMs;
    if (ms > 0) assert.ok(Math.abs(last - previousMs - 1000) <= 0.5001);
    previousMs = last;
  }
  assert.ok(Math.abs(last - (NOW_MS + 24 * hourMs * 1.0001)) < 501);
});

test('garbage never stops it: times grow, runs are rationed', () => {
  const anyTime = fc.oneof(
    fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
    fc.integer({ min: -1000, max: 1000 }),
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity),
  );
  const input = fc.array(
    fc.record({
      track: fc.constantFrom(VIDEO, AUDIO),
      dts: anyTime,
      offset: anyTime,
      producerMs: fc.option(fc.double()),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(input, (samples) => {
      const timeline = new Timeline(SETTINGS);
      timeline.setTracks([VIDEO, AUDIO]);
      const last = new Map<number, number>();
      let runs = 0;
      for (const { track, dts, offset, producerMs } of samples) {
        const sample = { ...sampleAt(track, 0), dtsTicks: dts, compositionOffsetTicks: offset };
        const placed = timeline.place(sample, NOW_MS, producerMs ?? undefined);
        assert.ok(placed);
        if (placed.startsRun) {
          runs++;
          last.clear();
        }
        assert.ok(Number.isSafeInteger(placed.dtsTicks) && placed.dtsTicks >= 0);
        assert.ok(Number.isInteger(placed.compositionOffsetTicks));
        assert.ok(Math.abs(placed.compositionOffsetTicks) < 2 ** 31);
        assert.ok(Number.isFinite(placed.producerMs));
        assert.ok(placed.dtsTicks > (last.get(track.id) ?? -1));
        last.set(track.id, placed.dtsTicks);
      }
      assert.ok(runs <= 9);
    }),
  );
});
