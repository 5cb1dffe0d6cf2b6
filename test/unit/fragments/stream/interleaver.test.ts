import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Track } from '../../../../fragments/media/track.ts';
import { Interleaver } from '../../../../fragments/stream/interleaver.ts';
import type { TimedSample } from '../../../../fragments/stream/timed-sample.ts';
import { AUDIO, NOW_MS, sampleAt, VIDEO } from './media.ts';

const SETTINGS = { interleaveWaitMs: 1000, interleaveBytes: 10_000, forwardJumpMs: 10_000 };
const DATA: Track = {
  id: 3,
  kind: 'data',
  codec: 'opaque',
  timescale: 1000,
  config: new Uint8Array(),
  codecString: '',
  contentType: 'text/plain',
};

class Rig {
  readonly out: TimedSample[] = [];
  readonly interleaver = new Interleaver(SETTINGS, (sample) => this.out.push(sample));
  nowMs = NOW_MS;

  constructor(tracks: readonly Track[] = [VIDEO, AUDIO]) {
    this.interleaver.setTracks(tracks);
  }

  push(track: Track, dtsMs: number, options: { atMs?: number; bytes?: number } = {}): void {
    this.nowMs = NOW_MS + (options.atMs ?? dtsMs);
    const sample = sampleAt(track, dtsMs, { bytes: options.bytes ?? 10 });
    const timing = { serverMs: this.nowMs, producerMs: this.nowMs, startsRun: false };
    const dtsSeconds = sample.dtsTicks / track.timescale;
    this.interleaver.push({ ...sample, ...timing, dtsSeconds }, this.nowMs);
  }

  /** What has come out since the last call: kind, time and duration in ms. */
  taken(): string[] {
    return this.out.splice(0).map(({ trackId, dtsTicks, durationTicks }) => {
      const track = [VIDEO, AUDIO, DATA].find(({ id }) => id === trackId);
      const timescale = track?.timescale ?? 1;
      return `${track?.kind} ${(dtsTicks * 1000) / timescale}+${(durationTicks * 1000) / timescale}`;
    });
  }
}

test('samples come out in the order of decode times, with durations from their successors', () => {
  const rig = new Rig();
  for (const ms of [0, 40, 80]) rig.push(VIDEO, ms);
  assert.deepEqual(rig.taken(), [], 'the audio may still have something earlier');
  for (const ms of [10, 31, 50, 71, 90]) rig.push(AUDIO, ms, { atMs: 100 });
  assert.deepEqual(rig.taken(), [
    'video 0+40',
    'audio 10+21',
    'audio 31+19',
    'video 40+40',
    'audio 50+21',
    'audio 71+19',
  ]);
  rig.interleaver.drain();
  assert.deepEqual(rig.taken(), ['video 80+40', 'audio 90+19']);
  assert.equal(rig.interleaver.heldBytes, 0);
});

test('of the same instant the video comes first, whatever the order of tracks', () => {
  const rig = new Rig([AUDIO, VIDEO]);
  for (const ms of [0, 20, 40]) rig.push(AUDIO, ms);
  for (const ms of [0, 40]) rig.push(VIDEO, ms);
  rig.interleaver.drain();
  assert.deepEqual(rig.taken(), ['video 0+40', 'audio 0+20', 'audio 20+20', 'video 40+40', 'audio 40+20']);
});

test('a track that never starts is waited for one second', () => {
  const rig = new Rig();
  for (let ms = 0; ms <= 1000; ms += 40) rig.push(VIDEO, ms);
  assert.deepEqual(rig.taken(), []);
  rig.push(VIDEO, 1040);
  assert.equal(rig.taken().length, 26);
  rig.push(VIDEO, 1080);
  assert.deepEqual(rig.taken(), ['video 1040+40'], 'and then no more');
  assert.equal(rig.interleaver.counters.silences, 1);
});

test('muted audio costs one second once; when it is back it is waited for again', () => {
  const rig = new Rig();
  for (let ms = 0; ms < 200; ms += 20) {
    if (ms % 40 === 0) rig.push(VIDEO, ms);
    rig.push(AUDIO, ms);
  }
  rig.taken();
  for (let ms = 200; ms <= 1400; ms += 40) rig.push(VIDEO, ms);
  const muted = rig.taken();
  assert.ok(muted.includes('audio 180+20'), 'the last audio sample got its usual duration');
  assert.equal(muted.at(-1), 'video 1360+40');
  rig.push(AUDIO, 1400);
  for (let ms = 1440; ms < 1600; ms += 40) rig.push(VIDEO, ms);
  assert.deepEqual(rig.taken(), ['video 1400+40'], 'waits for audio again');
  rig.push(AUDIO, 1420);
  assert.deepEqual(rig.taken(), ['audio 1400+20']);
});

test('late audio comes out late, and holds nothing up', () => {
  const rig = new Rig();
  for (let ms = 0; ms <= 3000; ms += 40) rig.push(VIDEO, ms);
  rig.taken();
  for (let ms = 0; ms < 400; ms += 20) rig.push(AUDIO, ms, { atMs: 3000 });
  const late = rig.taken();
  assert.equal(late.length, 20);
  assert.ok(late.every((line) => line.startsWith('audio')));
  assert.equal(rig.interleaver.counters.late, 20);
});

test('absent video keeps its last sample open, so that its time has no hole', () => {
  const rig = new Rig();
  for (let ms = 0; ms <= 200; ms += 20) {
    if (ms % 40 === 0) rig.push(VIDEO, ms);
    rig.push(AUDIO, ms);
  }
  for (let ms = 220; ms < 5000; ms += 20) rig.push(AUDIO, ms);
  const audio = rig.taken();
  assert.ok(!audio.some((line) => line.startsWith('video 200')));
  assert.ok(audio.at(-1)?.startsWith('audio 49'));
  rig.push(VIDEO, 5000);
  assert.deepEqual(rig.taken(), ['video 200+4800']);
});

test('video that stays away is let go after the jump threshold, lasting until there', () => {
  const rig = new Rig();
  rig.push(VIDEO, 0);
  for (let ms = 0; ms < 12_000; ms += 20) rig.push(AUDIO, ms);
  const lines = rig.taken().filter((line) => line.startsWith('video'));
  assert.equal(lines.length, 1);
  assert.ok(Math.abs(Number(lines[0]?.split('+')[1]) - 10_020) < 1);
});

test('a burst after a stall is not taken for silence', () => {
  const rig = new Rig();
  for (let ms = 0; ms < 200; ms += 20) {
    if (ms % 40 === 0) rig.push(VIDEO, ms);
    rig.push(AUDIO, ms);
  }
  for (let ms = 200; ms < 400; ms += 20) {
    if (ms % 40 === 0) rig.push(VIDEO, ms, { atMs: 8000 });
    rig.push(AUDIO, ms, { atMs: 8000 });
  }
  assert.equal(rig.interleaver.counters.silences, 0);
});

test('bytes are bounded: then nobody is waited for', () => {
  const rig = new Rig();
  for (let i = 0; i < 10; i++) rig.push(VIDEO, i * 40, { atMs: 0, bytes: 3000 });
  assert.ok(rig.interleaver.heldBytes <= 10_000);
  assert.equal(rig.interleaver.counters.overflows, 1);
  assert.ok(rig.taken().length >= 7);
});

test('data are never waited for and keep their place', () => {
  const rig = new Rig([VIDEO, DATA]);
  rig.push(VIDEO, 0);
  rig.push(DATA, 10);
  rig.push(VIDEO, 40);
  assert.deepEqual(rig.taken(), ['video 0+40', 'data 10+1']);
  rig.push(VIDEO, 80);
  assert.deepEqual(rig.taken(), ['video 40+40']);
});

test('whatever comes in comes out once, each track in order, with durations that fill its time', () => {
  const step = fc.record({
    track: fc.constantFrom(VIDEO, AUDIO, DATA),
    stepMs: fc.integer({ min: 1, max: 3000 }),
    waitMs: fc.integer({ min: 0, max: 2000 }),
    bytes: fc.integer({ min: 0, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const rig = new Rig([VIDEO, AUDIO, DATA]);
      const pushed = new Map<number, number[]>();
      const at = new Map<number, number>();
      let nowMs = 0;
      for (const { track, stepMs, waitMs, bytes } of steps) {
        nowMs += waitMs;
        const dtsMs = (at.get(track.id) ?? 0) + stepMs;
        at.set(track.id, dtsMs);
        pushed.set(track.id, [...(pushed.get(track.id) ?? []), Math.round((dtsMs * track.timescale) / 1000)]);
        rig.push(track, dtsMs, { atMs: nowMs, bytes });
      }
      rig.interleaver.drain();
      assert.equal(rig.interleaver.heldBytes, 0);
      for (const [trackId, ticks] of pushed) {
        const own = rig.out.filter((sample) => sample.trackId === trackId);
        assert.deepEqual(
          own.map(({ dtsTicks }) => dtsTicks),
          ticks,
        );
        assert.ok(own.every(({ durationTicks }) => durationTicks > 0));
      }
    }),
  );
});
