import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import type { LiveFragment } from '../../../../fragments/stream/live-window.ts';
import { AUDIO, NOW_MS, sampleAt, VIDEO } from './media.ts';
import { WriterRig } from './writer-rig.ts';

/** A producer's doings, in terms of what goes wrong with cameras. */
type Step =
  | {
      readonly do: 'media';
      readonly ms: number;
      readonly fps: number;
      readonly hasAudio: boolean;
      readonly hasVideo: boolean;
    }
  | { readonly do: 'jump'; readonly byMs: number; readonly which: 'both' | 'video' | 'audio' }
  | { readonly do: 'config'; readonly width: number }
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'clock'; readonly byMs: number }
  | { readonly do: 'session' };

const media = fc.record({
  do: fc.constant('media' as const),
  ms: fc.integer({ min: 1, max: 8000 }),
  fps: fc.constantFrom(1, 7, 12.5, 24, 25, 29.97, 30, 60),
  hasAudio: fc.boolean(),
  hasVideo: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: media },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      byMs: fc.integer({ min: -100_000, max: 100_000 }),
      which: fc.constantFrom('both' as const, 'video' as const, 'audio' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('config' as const), width: fc.constantFrom(320, 640) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      byMs: fc.integer({ min: -60_000, max: 60_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('session' as const) }) },
);
const shape = fc.record({
  gopMs: fc.constantFrom(200, 1000, 2000, 4000, 30_000),
  firstKeyMs: fc.constantFrom(0, 0, 700, 1e9),
  jitterMs: fc.constantFrom(0, 0, 3, 30),
  offsetsMs: fc.constantFrom([0], [80, 160, 80, 0, 40]),
  audioOffsetMs: fc.integer({ min: -300, max: 300 }),
  isInterleavedBadlyMs: fc.constantFrom(0, 100, 1500),
  seed: fc.nat(),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** Acts the steps out on a stream; answers what was written by its identity (the payload). */
class Producer {
  readonly rig = new WriterRig({ chunkMs: 1500, windowFragments: 2 });
  /** Track of each sample; its index is its identity. */
  readonly written: number[] = [];
  dropped = 0;
  readonly complete = new Map<number, LiveFragment>();
  readonly #shape: Shape;
  readonly #lateAudio: { sample: Sample; dueMs: number }[] = [];
  #tracks: readonly Track[] = [VIDEO, AUDIO];
  #nowMs = NOW_MS;
  #ms = 0;
  #nextFrameMs = 0;
  #nextAudioMs = 0;
  #frames = 0;
  #videoJumpMs = 0;
  #audioJumpMs = 0;
  #random: number;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#random = shape.seed;
    this.rig.window.listen(() => {
      for (const fragment of this.rig.window.fragments) this.complete.set(fragment.info.ordinal, fragment);
    });
  }

  async act(step: Step): Promise<void> {
    if (step.do === 'media') this.#media(step);
    else if (step.do === 'jump') {
      if (step.which !== 'audio') this.#videoJumpMs += step.byMs;
      if (step.which !== 'video') this.#audioJumpMs += step.byMs;
    } else if (step.do === 'config') {
      this.#tracks = [{ ...VIDEO, width: step.width }, AUDIO];
      this.rig.writer.setTracks(this.#tracks);
    } else if (step.do === 'stall' || step.do === 'clock')
      this.#nowMs += step.do === 'stall' ? step.ms : step.byMs;
    else {
      await this.end();
      this.rig.startSession(this.#tracks);
    }
    await this.rig.settle();
  }

  async end(): Promise<void> {
    for (const { sample } of this.#lateAudio.splice(0)) this.#write(sample);
    await this.rig.writer.end();
    this.dropped += this.rig.writer.counters.droppedBeforeKey;
  }

  #media({ ms, fps, hasAudio, hasVideo }: Extract<Step, { do: 'media' }>): void {
    const { gopMs, firstKeyMs, jitterMs, offsetsMs, audioOffsetMs, isInterleavedBadlyMs } = this.#shape;
    const endMs = this.#ms + ms;
    for (; this.#ms < endMs; this.#ms += 10) {
      this.#nowMs += 10;
      if (this.#ms >= this.#nextFrameMs) {
        const isSync = this.#ms >= firstKeyMs && this.#ms % gopMs < 1000 / fps;
        const dtsMs = this.#ms + this.#videoJumpMs + this.#jitter(jitterMs);
        const offsetMs = offsetsMs[this.#frames++ % offsetsMs.length] ?? 0;
        if (hasVideo) this.#write(sampleAt(VIDEO, dtsMs, { isSync, offsetMs }));
        this.#nextFrameMs = this.#ms + 1000 / fps;
      }
      if (this.#ms >= this.#nextAudioMs) {
        const dtsMs = this.#ms + audioOffsetMs + this.#audioJumpMs;
        if (hasAudio)
          this.#lateAudio.push({ sample: sampleAt(AUDIO, dtsMs), dueMs: this.#ms + isInterleavedBadlyMs });
        this.#nextAudioMs = this.#ms + 20;
      }
      while ((this.#lateAudio[0]?.dueMs ?? Infinity) <= this.#ms)
        this.#write((this.#lateAudio.shift() as { sample: Sample }).sample);
    }
  }

  #write(sample: Sample): void {
    const id = this.written.length;
    this.written.push(sample.trackId);
    const data = Buffer.alloc(4);
    data.writeUInt32BE(id);
    this.rig.writer.write({ ...sample, data }, this.#nowMs);
  }

  #jitter(ms: number): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.round((this.#random / 2 ** 31 - 0.5) * 2 * ms);
  }
}

function idOf(sample: Sample): number {
  return Buffer.from(sample.data).readUInt32BE();
}

test('whatever a producer does: every sample once, in order, in one part and one fragment, on a timeline without holes', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(step, { maxLength: 12 }), async (shapeOf, steps) => {
      const producer = new Producer(shapeOf);
      for (const each of steps) await producer.act(each);
      await producer.end();
      const { rig } = producer;
      const infos = rig.log.fragments;
      const tracks = [VIDEO, AUDIO];

      const seen = new Map<number, number[]>();
      for (const [i, info] of infos.entries()) {
        assert.equal(info.ordinal, i, 'ordinals without holes');
        const before = infos[i - 1];
        if (before !== undefined) {
          assert.ok(info.number > before.number && info.serverMs >= before.serverMs);
          assert.equal(info.run, before.run + (info.startsRun ? 1 : 0));
        }
        const samples = samplesOf(rig.log.bytesOf(i), tracks);
        assert.ok(samples.length > 0);
        for (const sample of samples)
          seen.set(sample.trackId, [...(seen.get(sample.trackId) ?? []), idOf(sample)]);

        const live = producer.complete.get(i);
        assert.ok(live);
        if (live.tracks.length === 2) {
          // EXTINF is the sum of the durations of the lead's samples; both tracks may begin where it does.
          const totals = tracks.flatMap((track) => {
            const own = samples.filter(({ trackId }) => trackId === track.id);
            const isLead = track.timescale === info.timescale && own[0]?.dtsTicks === info.startTicks;
            return isLead ? [own.reduce((sum, { durationTicks }) => sum + durationTicks, 0)] : [];
          });
          if (totals.length > 0) assert.ok(totals.includes(info.durationTicks), `${totals} ticks`);
        }
        const partTicks = live.parts.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
        if (live.parts.length > 0 && live.info.durationTicks > 0 && partTicks > 0) {
          assert.equal(partTicks, live.info.durationTicks, 'parts fill their fragment');
        }
        for (const { id } of tracks) {
          const ofParts: Sample[] = live.parts.flatMap(({ buffers }) =>
            samplesOf(Buffer.concat(buffers), tracks).filter(({ trackId }) => trackId === id),
          );
          const ofFragment = samples.filter(({ trackId }) => trackId === id);
          assert.deepEqual(
            ofParts.map(idOf),
            ofFragment.map(idOf),
            'parts have the samples of their fragment',
          );
          assert.deepEqual(
            ofParts.map(({ dtsTicks, compositionOffsetTicks }) => [dtsTicks, compositionOffsetTicks]),
            ofFragment.map(({ dtsTicks, compositionOffsetTicks }) => [dtsTicks, compositionOffsetTicks]),
          );
        }
      }

      for (const { id } of tracks) {
        const ids = seen.get(id) ?? [];
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => a - b),
          'each track in the order it came',
        );
      }
      const stored = [...seen.values()].flat();
      assert.equal(new Set(stored).size, stored.length, 'no sample twice');
      assert.equal(
        stored.length + producer.dropped,
        producer.written.length,
        'no sample lost, but for the wait',
      );
    }),
    { numRuns: 150 },
  );
});

test('steady video: fragments follow each other without a tick between them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(12.5, 24, 25, 29.97, 30, 60),
      fc.constantFrom(500, 1000, 2000, 30_000),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 2 ** 32 }),
      async (fps, gopMs, jitterMs, startMs) => {
        const rig = new WriterRig();
        let audioMs = startMs;
        for (let i = 0; i < fps * 30; i++) {
          const frameMs = startMs + Math.round((i * 1000) / fps) + (i % jitterMs);
          const isSync = i === 0 || i % Math.round((gopMs * fps) / 1000) === 0;
          for (; audioMs < frameMs; audioMs += 64)
            rig.writer.write(sampleAt(AUDIO, audioMs), NOW_MS + audioMs - startMs);
          rig.writer.write(sampleAt(VIDEO, frameMs, { isSync }), NOW_MS + frameMs - startMs);
        }
        await rig.writer.end();
        const infos = rig.log.fragments;
        for (const [i, info] of infos.entries()) {
          const next = infos[i + 1];
          if (next !== undefined) assert.equal(info.startTicks + info.durationTicks, next.startTicks);
          assert.ok(info.durationTicks <= 20_000 * 90);
        }
        const ends = new Map<number, number>();
        for (const sample of rig.stored().flat()) {
          const end = ends.get(sample.trackId);
          if (end !== undefined) assert.equal(sample.dtsTicks, end, 'each track goes on where it ended');
          ends.set(sample.trackId, sample.dtsTicks + sample.durationTicks);
        }
      },
    ),
    { numRuns: 30 },
  );
});
