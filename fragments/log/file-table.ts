import type { FileKey, FileSummary } from './file-summary.ts';

/** What the table takes of a file; a FileSummary has it all. */
export type FileTableRow = Pick<FileSummary, 'key' | 'firstOrdinal' | 'producerMinMs' | 'producerMaxMs'>;

/**
 * The files of one log in memory: 32 bytes a file in typed arrays, never an object (design.md §3 rule 8). The
 * rest of a file's summary stays in the manifest. Rows are in the order of the log; deletion takes the oldest.
 */
export class FileTable {
  #sequences = new Float64Array(0);
  #serverMs = new Float64Array(0);
  /** Less `#firstOrdinalBase`, so that 32 bits do for what is kept at one time. */
  #ordinals = new Uint32Array(0);
  #random28 = new Uint32Array(0);
  /** Bounds of the producer's time as offsets from the server's, rounded outward: a wrong hit costs one look, a miss is impossible. */
  #producerMin = new Float32Array(0);
  #producerMax = new Float32Array(0);
  #ordinalBase = 0;
  #head = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#head;
  }

  push(row: FileTableRow): void {
    if (this.#end === this.#sequences.length) this.#makeRoom();
    if (this.length === 0) this.#ordinalBase = row.firstOrdinal;
    const at = this.#end++;
    this.#sequences[at] = row.key.sequence;
    this.#serverMs[at] = row.key.serverMs;
    this.#random28[at] = row.key.random28;
    this.#ordinals[at] = row.firstOrdinal - this.#ordinalBase;
    this.#producerMin[at] = roundDown(row.producerMinMs - row.key.serverMs);
    this.#producerMax[at] = roundUp(row.producerMaxMs - row.key.serverMs);
  }

  /** The newest file, which is still written, has entries of these producer times too. */
  widenLast(producerMinMs: number, producerMaxMs: number): void {
    const at = this.#end - 1;
    const serverMs = this.#serverMs[at] ?? 0;
    this.#producerMin[at] = Math.min(this.#producerMin[at] ?? 0, roundDown(producerMinMs - serverMs));
    this.#producerMax[at] = Math.max(this.#producerMax[at] ?? 0, roundUp(producerMaxMs - serverMs));
  }

  /** Forgets the newest file. */
  pop(): void {
    if (this.#head < this.#end) this.#end--;
  }

  /** Forgets the oldest file. */
  shift(): void {
    if (this.#head < this.#end) this.#head++;
  }

  keyAt(index: number): FileKey {
    const at = this.#head + index;
    return {
      sequence: this.#sequences[at] ?? 0,
      serverMs: this.#serverMs[at] ?? 0,
      random28: this.#random28[at] ?? 0,
    };
  }

  firstOrdinalAt(index: number): number {
    return this.#ordinalBase + (this.#ordinals[this.#head + index] ?? 0);
  }

  /** Server time of the file's first entry. */
  firstServerMsAt(index: number): number {
    return this.#serverMs[this.#head + index] ?? 0;
  }

  /** No entry of the file begins before this producer time. */
  producerMinAt(index: number): number {
    const at = this.#head + index;
    return (this.#serverMs[at] ?? 0) + (this.#producerMin[at] ?? 0);
  }

  /** No entry of the file ends after this producer time. */
  producerMaxAt(index: number): number {
    const at = this.#head + index;
    return (this.#serverMs[at] ?? 0) + (this.#producerMax[at] ?? 0);
  }

  /** Index of the last file that begins at or before the ordinal, -1 when none does. */
  byOrdinal(ordinal: number): number {
    return this.#lastAtOrBefore((index) => this.firstOrdinalAt(index), ordinal);
  }

  byServerMs(atMs: number): number {
    return this.#lastAtOrBefore((index) => this.firstServerMsAt(index), atMs);
  }

  bySequence(sequence: number): number {
    return this.#lastAtOrBefore((index) => this.#sequences[this.#head + index] ?? 0, sequence);
  }

  #lastAtOrBefore(valueAt: (index: number) => number, wanted: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (valueAt(middle) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Moves the rows to the front when half of the room was deleted, doubles it otherwise. */
  #makeRoom(): void {
    const keptBase = this.firstOrdinalAt(0);
    const shift = keptBase - this.#ordinalBase;
    const rows = this.length;
    const capacity = Math.max(16, rows * 2, this.#sequences.length);
    const from = this.#head;
    const moved = <T extends Float64Array | Float32Array | Uint32Array>(target: T, source: T): T => {
      target.set(source.subarray(from, from + rows));
      return target;
    };
    this.#sequences = moved(new Float64Array(capacity), this.#sequences);
    this.#serverMs = moved(new Float64Array(capacity), this.#serverMs);
    this.#random28 = moved(new Uint32Array(capacity), this.#random28);
    this.#ordinals = moved(new Uint32Array(capacity), this.#ordinals);
    this.#producerMin = moved(new Float32Array(capacity), this.#producerMin);
    this.#producerMax = moved(new Float32Array(capacity), this.#producerMax);
    for (let at = 0; at < rows; at++) this.#ordinals[at] = (this.#ordinals[at] ?? 0) - shift;
    this.#ordinalBase = keptBase;
    this.#head = 0;
    this.#end = rows;
  }
}

/** 32-bit floats are spaced by less than 2^-23 of their size. */
const SPACING = 2 ** -23;

function roundDown(value: number): number {
  return Math.fround(value) <= value ? value : value - Math.abs(value) * SPACING;
}

function roundUp(value: number): number {
  return Math.fround(value) >= value ? value : value + Math.abs(value) * SPACING;
}
