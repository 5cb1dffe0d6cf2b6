import { type Box, bodyOf, childrenOf, findBox, requireBox } from './boxes.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { isSyncSample, TrackFragmentFlag, TrackRunFlag } from './fragment-flags.ts';
import type { SampleDefaults } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';

/** Reads a movie fragment (`moof`, ISO 14496-12 §8.8.4-8.8.12) of any writer into sample times and places. */

/** More than an hour of video at 30 fps, or 16 s of G.711 with a sample a byte. */
const MAX_SAMPLES_PER_FRAGMENT = 131_072;

/** Where and when a sample is. */
export interface SampleLocation {
  readonly trackId: number;
  readonly dtsTicks: number;
  readonly compositionOffsetTicks: number;
  readonly durationTicks: number;
  readonly isSync: boolean;
  /** Of its first byte, counted from where the `moof`'s own offset is counted from. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** One `traf`. */
export interface TrackFragment {
  readonly trackId: number;
  /** In decode order. */
  readonly samples: readonly SampleLocation[];
  /** Decode time after the last sample. */
  readonly endTicks: number;
}

export interface MovieFragment {
  readonly sequence: number;
  readonly tracks: readonly TrackFragment[];
}

/** What is known from outside the `moof`. */
export interface MoofContext {
  /** Position of the first byte of the `moof` in the file (or whatever the samples' offsets shall count from). */
  readonly moofOffsetBytes: number;
  /** From `trex`, by track id; zeros for a track that is not there. */
  readonly defaults?: ReadonlyMap<number, SampleDefaults>;
  /** Decode time at which a track goes on when its `traf` has no `tfdt`, by track id; 0 for a track that is not there. */
  readonly nextTicks?: ReadonlyMap<number, number>;
}

const NO_DEFAULTS: SampleDefaults = { durationTicks: 0, sizeBytes: 0, flags: 0 };

/** Reads a `moof`. Offsets are not checked against the data, which may not be at hand. Throws Mp4Error. */
export function readMoof(moof: Box, context: MoofContext): MovieFragment {
  const boxes = childrenOf(moof);
  const header = bodyOf(requireBox(boxes, 'mfhd'));
  header.skip(4);
  const sequence = header.u32();

  const tracks: TrackFragment[] = [];
  let sampleCount = 0;
  // §8.8.7.1: without either flag, "the base-data-offset for the first track in the movie fragment is the position of
  // the first byte of the enclosing MovieFragmentBox, and for second and subsequent track fragments, the default is
  // the end of the data defined by the preceding track fragment."
  let implicitBase = context.moofOffsetBytes;
  for (const traf of boxes) {
    if (traf.type !== 'traf') continue;
    const reader = new TrackFragmentReader(childrenOf(traf), context, implicitBase, sampleCount);
    tracks.push(reader.fragment);
    sampleCount += reader.fragment.samples.length;
    implicitBase = reader.dataEnd;
  }
  return { sequence, tracks };
}

class TrackFragmentReader {
  readonly fragment: TrackFragment;
  /** Where the data of the last run ends. */
  dataEnd: number;
  readonly #trackId: number;
  readonly #baseOffset: number;
  readonly #defaults: SampleDefaults;
  readonly #samples: SampleLocation[] = [];
  readonly #samplesBefore: number;
  #dtsTicks: number;

  constructor(boxes: readonly Box[], context: MoofContext, implicitBase: number, samplesBefore: number) {
    const header = bodyOf(requireBox(boxes, 'tfhd'));
    header.skip(1);
    const flags = header.u24();
    this.#trackId = header.u32();
    const track = context.defaults?.get(this.#trackId) ?? NO_DEFAULTS;
    let base = flags & TrackFragmentFlag.defaultBaseIsMoof ? context.moofOffsetBytes : implicitBase;
    if (flags & TrackFragmentFlag.baseDataOffset) base = header.u64();
    if (flags & TrackFragmentFlag.sampleDescriptionIndex && header.u32() > 1) {
      throw new Mp4Error('unsupported', `track ${this.#trackId} uses a second sample description`);
    }
    this.#defaults = {
      durationTicks: flags & TrackFragmentFlag.defaultDuration ? header.u32() : track.durationTicks,
      sizeBytes: flags & TrackFragmentFlag.defaultSize ? header.u32() : track.sizeBytes,
      flags: flags & TrackFragmentFlag.defaultFlags ? header.u32() : track.flags,
    };
    this.#baseOffset = base;
    this.dataEnd = base;
    this.#samplesBefore = samplesBefore;
    this.#dtsTicks = readDecodeTime(findBox(boxes, 'tfdt')) ?? context.nextTicks?.get(this.#trackId) ?? 0;
    for (const box of boxes) {
      if (box.type === 'trun') this.#readRun(bodyOf(box));
    }
    this.fragment = { trackId: this.#trackId, samples: this.#samples, endTicks: this.#dtsTicks };
  }

  #readRun(cursor: ByteCursor): void {
    cursor.skip(1); // version: see the composition offset
    const flags = cursor.u24();
    const count = cursor.u32();
    if (flags & TrackRunFlag.dataOffset) this.dataEnd = this.#baseOffset + cursor.i32();
    let firstFlags = flags & TrackRunFlag.firstSampleFlags ? cursor.u32() : undefined;
    cursor.requireEntries(count, perSampleBytes(flags));
    // Without fields of their own, samples cost the writer no bytes: the count itself must be believable.
    if (this.#samplesBefore + this.#samples.length + count > MAX_SAMPLES_PER_FRAGMENT) {
      throw new Mp4Error('limit-exceeded', `more than ${MAX_SAMPLES_PER_FRAGMENT} samples in a moof`);
    }
    const defaults = this.#defaults;
    for (let i = 0; i < count; i++) {
      const durationTicks = flags & TrackRunFlag.duration ? cursor.u32() : defaults.durationTicks;
      const sizeBytes = flags & TrackRunFlag.size ? cursor.u32() : defaults.sizeBytes;
      const ownFlags = flags & TrackRunFlag.flags ? cursor.u32() : defaults.flags;
      // Version 0 has no sign by the letter; writers that put negative offsets there are common, real offsets of 2^31
      // ticks are not. So both versions are read with a sign.
      const compositionOffsetTicks = flags & TrackRunFlag.compositionOffset ? cursor.i32() : 0;
      this.#samples.push({
        trackId: this.#trackId,
        dtsTicks: this.#dtsTicks,
        compositionOffsetTicks,
        durationTicks,
        isSync: isSyncSample(firstFlags ?? ownFlags),
        offsetBytes: this.dataEnd,
        sizeBytes,
      });
      firstFlags = undefined;
      this.dataEnd += sizeBytes;
      this.#dtsTicks += durationTicks;
    }
  }
}

function perSampleBytes(runFlags: number): number {
  const { duration, size, flags, compositionOffset } = TrackRunFlag;
  return [duration, size, flags, compositionOffset].filter((flag) => runFlags & flag).length * 4;
}

function readDecodeTime(tfdt: Box | undefined): number | undefined {
  if (tfdt === undefined) return undefined;
  const cursor = bodyOf(tfdt);
  const version = cursor.u8();
  cursor.skip(3);
  return version === 1 ? cursor.u64() : cursor.u32();
}
