import type { Sample, Track } from '../../fragments/media/track.ts';
import type { FragmentInfo } from '../../fragments/stream/fragment.ts';
import type { ReadBatch } from '../../fragments/stream/stream-reader.ts';
import type { OfferedSample } from '../../ml/supervisor/supervisor.ts';

const MICROSECONDS = 1_000_000;
/** Samples of a fragment that may wait to learn which of its pictures is the first: the deepest reordering there is (H.265: 16). */
const MAX_HELD = 32;

/**
 * Turns what a reader reads of a stream into what a watch is offered: the samples of its video track, each with the name of its
 * picture. A fragment's time is that of its first picture to be shown (frame-at.ts), which, in an open group of pictures, comes
 * after the key frame: the first samples are held until one comes that is shown later than the key frame.
 */
export class SampleOffers {
  #config: { readonly initId: string; readonly track: Track | undefined } | undefined;
  #fragment: FragmentInfo | undefined;
  #firstPtsTicks: number | undefined;
  #held: Sample[] = [];
  #isDiscontinuous = false;
  #shiftUs = 0;
  #last: { readonly dtsUs: number; readonly serverMs: number } | undefined;

  /** What can be offered now, in decode order. Batches come in the order of reading, whole fragments or parts of them. */
  of(batch: ReadBatch): OfferedSample[] {
    const track = this.#trackOf(batch);
    if (track === undefined) return [];
    if (batch.fragment.ordinal !== this.#fragment?.ordinal) this.#begin();
    this.#fragment = batch.fragment;
    this.#isDiscontinuous ||= batch.isDiscontinuous;
    const samples = batch.samples.filter(({ trackId }) => trackId === track.id);
    if (this.#firstPtsTicks === undefined) {
      this.#held.push(...samples);
      if (this.#held.length === 0 || !(batch.endsFragment || this.#knowsFirst())) return [];
      this.#firstPtsTicks = Math.min(...this.#held.map(ptsOf));
      return this.#offer(this.#held.splice(0), track, batch.fragment, this.#firstPtsTicks);
    }
    return this.#offer(samples, track, batch.fragment, this.#firstPtsTicks);
  }

  /** The same object for as long as the decoder configuration is the same. */
  #trackOf({ init, tracks }: ReadBatch): Track | undefined {
    if (this.#config?.initId !== init.id) {
      this.#config = { initId: init.id, track: tracks.find(({ kind }) => kind === 'video') };
    }
    return this.#config.track;
  }

  #begin(): void {
    this.#firstPtsTicks = undefined;
    // The fragment ended without a picture after its key frame: it cannot go on in the next one.
    if (this.#held.length > 0) this.#isDiscontinuous = true;
    this.#held = [];
  }

  /** No picture that comes later in decode order is shown before those that are held. */
  #knowsFirst(): boolean {
    const [first] = this.#held;
    if (first === undefined) return false;
    return (
      first.compositionOffsetTicks <= 0 ||
      this.#held.length >= MAX_HELD ||
      this.#held.some((sample) => ptsOf(sample) > ptsOf(first))
    );
  }

  /** Media time may begin anew with a run; what a watch is told grows, by the server's clock. */
  #anchor(sample: Sample, track: Track, serverMs: number): void {
    if (this.#last === undefined) return;
    const elapsedUs = Math.max(1, (serverMs - this.#last.serverMs) * 1000);
    this.#shiftUs = this.#last.dtsUs + elapsedUs - toUs(sample.dtsTicks, track);
  }

  #offer(
    samples: readonly Sample[],
    track: Track,
    { number, producerMs, serverMs }: FragmentInfo,
    firstPtsTicks: number,
  ): OfferedSample[] {
    return samples.map((sample) => {
      const offsetMs = ((ptsOf(sample) - firstPtsTicks) * 1000) / track.timescale;
      const isDiscontinuous = this.#isDiscontinuous;
      this.#isDiscontinuous = false;
      if (isDiscontinuous) this.#anchor(sample, track, serverMs);
      const dtsUs = toUs(sample.dtsTicks, track) + this.#shiftUs;
      this.#last = { dtsUs, serverMs };
      return {
        track,
        dtsUs,
        ptsUs: toUs(ptsOf(sample), track) + this.#shiftUs,
        isSync: sample.isSync,
        data: sample.data,
        frame: {
          fragmentNumber: number,
          offsetMs,
          producerMs: producerMs + offsetMs,
          serverMs: serverMs + offsetMs,
        },
        isDiscontinuous,
      };
    });
  }
}

function toUs(ticks: number, { timescale }: Track): number {
  return (ticks * MICROSECONDS) / timescale;
}

function ptsOf({ dtsTicks, compositionOffsetTicks }: Sample): number {
  return dtsTicks + compositionOffsetTicks;
}
