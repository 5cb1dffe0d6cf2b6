import type { Codec } from '../media/track.ts';
import { type Box, bodyOf, findBox, requireBox } from './boxes.ts';
import type { SampleLocation } from './moof.ts';
import type { MovieTrack } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';

/**
 * The sample tables of a progressive file (`stbl`, ISO 14496-12 §8.6-8.7), walked in decode order. They are read where they
 * lie, an entry at a time, so that hours of samples cost no more memory than the boxes; every table's count was checked
 * against its bytes before.
 */

/** Codecs that some writers store with a "sample" for each byte; walked in pieces of this length instead. */
const BYTE_CODECS: readonly Codec[] = ['pcmu', 'pcma'];
const BYTE_CODEC_PIECES_PER_SECOND = 50;

export class SampleTable {
  readonly #trackId: number;
  readonly #sizes: SampleSizes;
  readonly #durations: RunLengths;
  readonly #compositionOffsets: RunLengths | undefined;
  readonly #syncSamples: EntryTable | undefined;
  readonly #chunks: Chunks;
  readonly #pieceSamples: number;
  #index = 0;
  #syncIndex = 0;
  #dtsTicks = 0;

  /** Throws Mp4Error `missing-box`, `truncated`, `invalid`, `unsupported`. */
  constructor(movieTrack: MovieTrack) {
    const { track, sampleTable: boxes } = movieTrack;
    this.#trackId = track.id;
    this.#sizes = new SampleSizes(boxes);
    this.#durations = new RunLengths(new EntryTable(requireBox(boxes, 'stts'), 8));
    const ctts = findBox(boxes, 'ctts');
    this.#compositionOffsets = ctts === undefined ? undefined : new RunLengths(new EntryTable(ctts, 8));
    const stss = findBox(boxes, 'stss');
    this.#syncSamples = stss === undefined ? undefined : new EntryTable(stss, 4);
    this.#chunks = new Chunks(boxes);
    const isBytes = BYTE_CODECS.includes(track.codec) && this.#sizes.constantBytes !== 0;
    this.#pieceSamples = isBytes
      ? Math.max(1, Math.floor(track.timescale / BYTE_CODEC_PIECES_PER_SECOND))
      : 1;
  }

  /** The next sample, or `undefined` after the last. Throws Mp4Error `invalid` when the tables disagree. */
  next(): SampleLocation | undefined {
    const wanted = Math.min(this.#pieceSamples, this.#sizes.count - this.#index);
    if (wanted === 0) return undefined;
    const count = Math.min(wanted, this.#durations.entryRemaining, this.#chunks.chunkRemaining());
    const durationTicks = this.#durations.take(count) * count;
    // Read with a sign in both versions of the box, as in moof.ts.
    const compositionOffsetTicks = (this.#compositionOffsets?.take(count) ?? 0) | 0;
    const sizeBytes = this.#sizes.at(this.#index) * count;
    const location: SampleLocation = {
      trackId: this.#trackId,
      dtsTicks: this.#dtsTicks,
      compositionOffsetTicks,
      durationTicks,
      isSync: this.#isSync(this.#index + 1),
      offsetBytes: this.#chunks.take(count, sizeBytes),
      sizeBytes,
    };
    this.#index += count;
    this.#dtsTicks += durationTicks;
    return location;
  }

  /** `stss` lists sync sample numbers from 1 on, growing; without it every sample is one. */
  #isSync(sampleNumber: number): boolean {
    const table = this.#syncSamples;
    if (table === undefined) return true;
    while (this.#syncIndex < table.count && table.u32(this.#syncIndex) < sampleNumber) this.#syncIndex++;
    return this.#syncIndex < table.count && table.u32(this.#syncIndex) === sampleNumber;
  }
}

/** A counted table of fixed-width entries behind a FullBox head (and `fieldBytes` of other fields). */
class EntryTable {
  readonly count: number;
  readonly #view: DataView;
  readonly #start: number;
  readonly #entryBytes: number;

  constructor(box: Box, entryBytes: number, fieldBytes = 0) {
    const start = box.bodyStart + 8 + fieldBytes;
    const presentBytes = box.end - start;
    this.#view = new DataView(box.bytes.buffer, box.bytes.byteOffset, box.bytes.byteLength);
    if (presentBytes < 0) throw new Mp4Error('truncated', `box ${box.type} ends inside its own fields`);
    this.#start = start;
    this.#entryBytes = entryBytes;
    this.count = this.#view.getUint32(start - 4);
    if (this.count * entryBytes > presentBytes) {
      throw new Mp4Error(
        'truncated',
        `box ${box.type} counts ${this.count} entries, ${presentBytes} bytes are there`,
      );
    }
  }

  u32(entry: number, fieldBytes = 0): number {
    return this.#view.getUint32(this.#start + entry * this.#entryBytes + fieldBytes);
  }

  u64(entry: number): number {
    const value = this.u32(entry) * 0x1_0000_0000 + this.u32(entry, 4);
    if (!Number.isSafeInteger(value))
      throw new Mp4Error('unsupported', `chunk offset ${value} is beyond 2^53`);
    return value;
  }
}

/** `stsz`: one size for all, or one each. */
class SampleSizes {
  readonly count: number;
  /** 0: sizes differ. */
  readonly constantBytes: number;
  readonly #table: EntryTable | undefined;

  constructor(boxes: readonly Box[]) {
    if (findBox(boxes, 'stz2') !== undefined)
      throw new Mp4Error('unsupported', 'compact sample sizes (stz2)');
    const stsz = requireBox(boxes, 'stsz');
    const cursor = bodyOf(stsz);
    cursor.skip(4);
    this.constantBytes = cursor.u32();
    this.count = cursor.u32();
    this.#table = this.constantBytes === 0 ? new EntryTable(stsz, 4, 4) : undefined;
  }

  at(index: number): number {
    return this.#table?.u32(index) ?? this.constantBytes;
  }
}

/** `stts` and `ctts`: (how many samples, value) pairs. */
class RunLengths {
  readonly #table: EntryTable;
  #entry = 0;
  #used = 0;

  constructor(table: EntryTable) {
    this.#table = table;
    this.#skipEmpty();
  }

  /** Samples left that share the next value. */
  get entryRemaining(): number {
    if (this.#entry >= this.#table.count)
      throw new Mp4Error('invalid', 'a time table ends before the samples do');
    return this.#table.u32(this.#entry) - this.#used;
  }

  /** The value for the next `count` samples. */
  take(count: number): number {
    const remaining = this.entryRemaining;
    const value = this.#table.u32(this.#entry, 4);
    this.#used += count;
    if (count >= remaining) {
      this.#entry++;
      this.#used = 0;
      this.#skipEmpty();
    }
    return value;
  }

  #skipEmpty(): void {
    while (this.#entry < this.#table.count && this.#table.u32(this.#entry) === 0) this.#entry++;
  }
}

/** `stsc` with `stco` or `co64`: which samples lie one behind the other, and where. */
class Chunks {
  readonly #offsets: EntryTable;
  readonly #is64: boolean;
  readonly #samplesToChunk: EntryTable;
  #chunk = 0;
  #entry = 0;
  #remaining = 0;
  #nextOffset = 0;

  constructor(boxes: readonly Box[]) {
    const co64 = findBox(boxes, 'co64');
    this.#is64 = co64 !== undefined;
    this.#offsets =
      co64 === undefined ? new EntryTable(requireBox(boxes, 'stco'), 4) : new EntryTable(co64, 8);
    this.#samplesToChunk = new EntryTable(requireBox(boxes, 'stsc'), 12);
  }

  /** Samples left in the current chunk, at least 1; goes on to the next chunk where one is finished. */
  chunkRemaining(): number {
    while (this.#remaining === 0) this.#enterChunk();
    return this.#remaining;
  }

  /** Where the next `count` samples of `sizeBytes` together lie. */
  take(count: number, sizeBytes: number): number {
    const offset = this.#nextOffset;
    this.#remaining -= count;
    this.#nextOffset += sizeBytes;
    return offset;
  }

  #enterChunk(): void {
    const table = this.#samplesToChunk;
    if (this.#chunk >= this.#offsets.count || table.count === 0) {
      throw new Mp4Error('invalid', 'the chunk table ends before the samples do');
    }
    const chunkNumber = this.#chunk + 1;
    while (this.#entry + 1 < table.count && table.u32(this.#entry + 1) <= chunkNumber) this.#entry++;
    if (table.u32(this.#entry, 8) > 1) {
      throw new Mp4Error('unsupported', 'a track changes its sample description in the middle of the file');
    }
    this.#remaining = table.u32(this.#entry, 4);
    this.#nextOffset = this.#is64 ? this.#offsets.u64(this.#chunk) : this.#offsets.u32(this.#chunk);
    this.#chunk++;
  }
}
