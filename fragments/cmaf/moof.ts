import { type Box, bodyOf, childrenOf, findBox, requireBox } from './boxes.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { isSyncSample, TrackFragmentFlag, TrackRunFlag } from './fragment-flags.ts';
import type { SampleDefaults } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';

/** Reads a movie fragment (`moof`, ISO 14496-12 §8.8.4-8.8.12) of any writer into sample times and places. */

/** Samples of a fragment that have no field of their own, and so cost its writer no bytes. */
const MAX_UNSTATED_SAMPLES = 65_536;

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

  const reader = new TrackFragmentReader(context);
  const trafs = boxes.filter((box) => box.type === 'traf');
  return { sequence, tracks: trafs.map((traf) => reader.read(childrenOf(traf))) };
}

/** What a `tfhd` says for all runs of its track. */
interface TrackHeader {
  readonly trackId: number;
  readonly baseOffset: number;
  readonly defaults: SampleDefaults;
}

/** Reads the `traf` boxes of one `moof`, in order. */
class TrackFragmentReader {
  readonly #context: MoofContext;
  /** Where the data of the last run end. */
  #dataEnd: number;
  #unstatedSamples = 0;

  constructor(context: MoofContext) {
    this.#context = context;
    this.#dataEnd = context.moofOffsetBytes;
  }

  read(boxes: readonly Box[]): TrackFragment {
    const header = this.#readHeader(bodyOf(requireBox(boxes, 'tfhd')));
    const { trackId } = header;
    const samples: SampleLocation[] = [];
    let endTicks = readDecodeTime(findBox(boxes, 'tfdt')) ?? this.#context.nextTicks?.get(trackId) ?? 0;
    this.#dataEnd = header.baseOffset;
    for (const box of boxes) {
      if (box.type === 'trun') endTicks = this.#readRun(bodyOf(box), header, endTicks, samples);
    }
    return { trackId, samples, endTicks };
  }

  #readHeader(cursor: ByteCursor): TrackHeader {
    cursor.skip(1);
    const flags = cursor.u24();
    const trackId = cursor.u32();
    const track = this.#context.defaults?.get(trackId) ?? NO_DEFAULTS;
    // §8.8.7.1: without either flag, "the base-data-offset for the first track in the movie fragment is the position of
    // the first byte of the enclosing MovieFragmentBox, and for second and subsequent track fragments, the default is
    // the end of the data defined by the preceding track fragment."
    let baseOffset =
      flags & TrackFragmentFlag.defaultBaseIsMoof ? this.#context.moofOffsetBytes : this.#dataEnd;
    if (flags & TrackFragmentFlag.baseDataOffset) baseOffset = cursor.u64();
    if (flags & TrackFragmentFlag.sampleDescriptionIndex && cursor.u32() > 1) {
      throw new Mp4Error('unsupported', `track ${trackId} uses a second sample description`);
    }
    const defaults = {
      durationTicks: flags & TrackFragmentFlag.defaultDuration ? cursor.u32() : track.durationTicks,
      sizeBytes: flags & TrackFragmentFlag.defaultSize ? cursor.u32() : track.sizeBytes,
      flags: flags & TrackFragmentFlag.defaultFlags ? cursor.u32() : track.flags,
    };
    return { trackId, baseOffset, defaults };
  }

  /** Adds the samples of one `trun`; answers the decode time after them. */
  #readRun(cursor: ByteCursor, header: TrackHeader, startTicks: number, samples: SampleLocation[]): number {
    const { trackId, baseOffset, defaults } = header;
    cursor.skip(1); // version: see the composition offset
    const flags = cursor.u24();
    const count = cursor.u32();
    if (flags & TrackRunFlag.dataOffset) this.#dataEnd = baseOffset + cursor.i32();
    let firstFlags = flags & TrackRunFlag.firstSampleFlags ? cursor.u32() : undefined;
    this.#checkCount(cursor, count, perSampleBytes(flags));
    let dtsTicks = startTicks;
    for (let i = 0; i < count; i++) {
      const durationTicks = flags & TrackRunFlag.duration ? cursor.u32() : defaults.durationTicks;
      const sizeBytes = flags & TrackRunFlag.size ? cursor.u32() : defaults.sizeBytes;
      const sampleFlags = flags & TrackRunFlag.flags ? cursor.u32() : defaults.flags;
      // Version 0 has no sign by the letter; writers that put negative offsets there are common, real offsets of 2^31
      // ticks are not. So both versions are read with a sign.
      const compositionOffsetTicks = flags & TrackRunFlag.compositionOffset ? cursor.i32() : 0;
      const isSync = isSyncSample(firstFlags ?? sampleFlags);
      const offsetBytes = this.#dataEnd;
      samples.push({
        trackId,
        dtsTicks,
        compositionOffsetTicks,
        durationTicks,
        isSync,
        offsetBytes,
        sizeBytes,
      });
      firstFlags = undefined;
      this.#dataEnd += sizeBytes;
      dtsTicks += durationTicks;
    }
    return dtsTicks;
  }

  #checkCount(cursor: ByteCursor, count: number, entryBytes: number): void {
    cursor.requireEntries(count, entryBytes);
    if (entryBytes === 0) this.#unstatedSamples += count;
    if (this.#unstatedSamples > MAX_UNSTATED_SAMPLES) {
      throw new Mp4Error(
        'limit-exceeded',
        `more than ${MAX_UNSTATED_SAMPLES} samples without a field of their own`,
      );
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
