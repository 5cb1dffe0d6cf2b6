import type { Track } from '../media/track.ts';
import { fullBox, u32, u64 } from './box-writer.ts';
import { Mp4Error } from './mp4-error.ts';
import { NumberList } from './number-list.ts';
import { writeSampleEntry } from './sample-entries.ts';

/**
 * Collects the sample table of one track of a whole file (`stbl`, ISO 14496-12 §8.5-8.7), sample by sample in decode order.
 * Memory: 4 bytes a sample, and some for each change of duration or offset and each stretch of contiguous bytes.
 */

export interface TableSample {
  /** Counted from any origin; never less than that of the sample before. */
  readonly dtsTicks: number;
  readonly compositionOffsetTicks: number;
  readonly durationTicks: number;
  readonly isSync: boolean;
  /** Where its bytes begin, counted from the first byte of all media of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const MAX_U32 = 0xffff_ffff;

export class SampleTableWriter {
  readonly track: Track;
  /** Decode time of the first sample. */
  firstDtsTicks = 0;
  sampleCount = 0;
  readonly #durations = new RunList();
  readonly #offsets = new RunList();
  readonly #sizes = new NumberList();
  readonly #syncSamples = new NumberList();
  /** Contiguous bytes: where each such chunk begins, and runs of (first chunk number, samples a chunk). */
  readonly #chunkStarts: number[] = [];
  readonly #samplesToChunk = new NumberList();
  #chunkSamples = 0;
  #endBytes = -1;
  #lastDtsTicks = 0;
  #lastDurationTicks = 0;
  /** Of all presentation times and ends, from the first decode time on. */
  #minPts = Number.POSITIVE_INFINITY;
  #maxPtsEnd = 0;
  #minOffset = 0;

  constructor(track: Track) {
    this.track = track;
  }

  /** Throws Mp4Error `unsupported` for times and sizes that the table cannot hold. */
  add(sample: TableSample): void {
    const { dtsTicks, compositionOffsetTicks, durationTicks, offsetBytes, sizeBytes } = sample;
    if (sizeBytes > MAX_U32) throw new Mp4Error('unsupported', `a sample of ${sizeBytes} bytes`);
    if ((compositionOffsetTicks | 0) !== compositionOffsetTicks) {
      throw new Mp4Error('unsupported', `composition offset ${compositionOffsetTicks}`);
    }
    if (this.sampleCount === 0) this.firstDtsTicks = dtsTicks;
    else this.#durations.push(checkedDuration(dtsTicks - this.#lastDtsTicks));
    this.sampleCount++;
    this.#offsets.push(compositionOffsetTicks >>> 0);
    this.#minOffset = Math.min(this.#minOffset, compositionOffsetTicks);
    this.#sizes.push(sizeBytes);
    if (sample.isSync) this.#syncSamples.push(this.sampleCount);
    if (offsetBytes !== this.#endBytes) this.#beginChunk(offsetBytes);
    this.#chunkSamples++;
    this.#endBytes = offsetBytes + sizeBytes;
    this.#lastDtsTicks = dtsTicks;
    this.#lastDurationTicks = durationTicks;
    const ptsTicks = dtsTicks - this.firstDtsTicks + compositionOffsetTicks;
    this.#minPts = Math.min(this.#minPts, ptsTicks);
    this.#maxPtsEnd = Math.max(this.#maxPtsEnd, ptsTicks + durationTicks);
  }

  /** Decode time after the last sample. */
  get endTicks(): number {
    return this.#lastDtsTicks + this.#lastDurationTicks;
  }

  /** Decode time of the last sample. */
  get lastDtsTicks(): number {
    return this.#lastDtsTicks;
  }

  /** From the first decode time to the first presentation time; may be negative, and is 0 in the table then (§8.6.6: edits cannot begin before 0). */
  get presentationStartTicks(): number {
    return this.sampleCount === 0 ? 0 : this.#minPts;
  }

  get presentationTicks(): number {
    return this.sampleCount === 0 ? 0 : this.#maxPtsEnd - this.#minPts;
  }

  /** Sum of all sample durations. */
  get mediaTicks(): number {
    return this.endTicks - this.firstDtsTicks;
  }

  /** The children of `stbl`, with all media moved to begin at `baseBytes`. To be called when all samples are there. */
  boxes(baseBytes: number, hasLargeOffsets: boolean): Uint8Array[] {
    const entries = fullBox('stsd', 0, 0, u32(1), writeSampleEntry(this.track));
    const durations = this.#durations.with(checkedDuration(this.#lastDurationTicks), this.sampleCount);
    const boxes = [entries, fullBox('stts', 0, 0, u32(durations.length / 2), durations.bytes())];
    if (!this.#offsets.isAllZero) boxes.push(this.#compositionOffsetsBox());
    // "If the sync sample box is not present, every sample is a sync sample."
    if (this.#syncSamples.length < this.sampleCount) {
      boxes.push(fullBox('stss', 0, 0, u32(this.#syncSamples.length), this.#syncSamples.bytes()));
    }
    return [
      ...boxes,
      this.#samplesToChunkBox(),
      this.#sizesBox(),
      this.#offsetsBox(baseBytes, hasLargeOffsets),
    ];
  }

  /** Offsets with a sign are version 1 (§8.6.1.3). */
  #compositionOffsetsBox(): Uint8Array {
    const offsets = this.#offsets.with(0, this.#offsets.samples);
    const shiftTicks = Math.max(0, -this.#minPts);
    const signed = offsets.map((value, i) => (i % 2 === 0 ? value : ((value | 0) + shiftTicks) >>> 0));
    const version = this.#minOffset + shiftTicks < 0 ? 1 : 0;
    return fullBox('ctts', version, 0, u32(offsets.length / 2), signed.bytes());
  }

  #beginChunk(offsetBytes: number): void {
    this.#endChunk(this.#samplesToChunk);
    this.#chunkStarts.push(offsetBytes);
    this.#chunkSamples = 0;
  }

  /** Adds what is known of the last chunk where it differs from the one before. */
  #endChunk(to: NumberList): void {
    const chunkNumber = this.#chunkStarts.length;
    if (chunkNumber === 0 || (to.length > 0 && to.at(to.length - 2) === this.#chunkSamples)) return;
    to.push(chunkNumber);
    to.push(this.#chunkSamples);
    to.push(1); // sample_description_index
  }

  #samplesToChunkBox(): Uint8Array {
    const entries = this.#samplesToChunk.copy();
    this.#endChunk(entries);
    return fullBox('stsc', 0, 0, u32(entries.length / 3), entries.bytes());
  }

  #sizesBox(): Uint8Array {
    return fullBox('stsz', 0, 0, u32(0, this.sampleCount), this.#sizes.bytes());
  }

  #offsetsBox(baseBytes: number, isLarge: boolean): Uint8Array {
    const starts = this.#chunkStarts;
    const count = u32(starts.length);
    if (isLarge) return fullBox('co64', 0, 0, count, ...starts.map((start) => u64(baseBytes + start)));
    const offsets = new NumberList();
    for (const start of starts) offsets.push(baseBytes + start);
    return fullBox('stco', 0, 0, count, offsets.bytes());
  }
}

/** (count, value) pairs of equal values one after the other. */
class RunList {
  readonly #pairs: NumberList;
  #count = 0;
  #value = 0;
  samples = 0;

  constructor(pairs = new NumberList()) {
    this.#pairs = pairs;
  }

  get isAllZero(): boolean {
    return this.#pairs.length === 0 && this.#value === 0;
  }

  push(value: number): void {
    if (value !== this.#value) this.#flush();
    this.#value = value;
    this.#count++;
    this.samples++;
  }

  /** All pairs, with `value` for the samples up to `samples` that have none yet. */
  with(value: number, samples: number): NumberList {
    const all = new RunList(this.#pairs.copy());
    all.#count = this.#count;
    all.#value = this.#value;
    for (let i = this.samples; i < samples; i++) all.push(value);
    all.#flush();
    return all.#pairs;
  }

  #flush(): void {
    if (this.#count === 0) return;
    this.#pairs.push(this.#count);
    this.#pairs.push(this.#value);
    this.#count = 0;
  }
}

function checkedDuration(ticks: number): number {
  if (Number.isInteger(ticks) && ticks >= 0 && ticks <= MAX_U32) return ticks;
  throw new Mp4Error('unsupported', `sample duration ${ticks} is not a whole number of 32 bits`);
}
