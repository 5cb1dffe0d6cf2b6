/**
 * Where records lie in one file: a row for about every `SPACING_BYTES`, so that a record is found by one look here and a
 * short walk. Disposable: made anew from the file (design.md §3 rule 1).
 */

/** Bytes at the start of each log file, before its first record: a mark and a version. */
export const FILE_HEAD = Buffer.from('FLRECORD\0\0\0\x01\0\0\0\0', 'latin1');

/** Bytes between rows. A walk from a row to a record reads this much at most, or one record. */
export const SPACING_BYTES = 32 * 1024;

const ROW_BYTES = 24;
const FIELDS = 3;

/** The first record of a row's stretch. */
export interface IndexRow {
  readonly ordinal: number;
  readonly arrivalMs: number;
  readonly offsetBytes: number;
}

export class RecordIndex {
  /** Ordinal, arrival, offset; three a row. */
  #values = new Float64Array(FIELDS * 4);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes in memory. */
  get sizeBytes(): number {
    return this.#values.byteLength;
  }

  /** Takes a record of the file, in order; those that are near the last row get none. Answers whether it got one. */
  add(row: IndexRow): boolean {
    if (this.#count > 0 && row.offsetBytes - this.#at(this.#count - 1, 2) < SPACING_BYTES) return false;
    if ((this.#count + 1) * FIELDS > this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values.set([row.ordinal, row.arrivalMs, row.offsetBytes], this.#count * FIELDS);
    this.#count++;
    return true;
  }

  /** The last row at or before the ordinal; the first row when there is none before it. */
  byOrdinal(ordinal: number): IndexRow | undefined {
    return this.#rowAt(Math.max(0, this.#countUpTo(0, ordinal, true) - 1));
  }

  /** The row from which on to look for the first record that arrived at `atMs` or later. */
  byArrival(atMs: number): IndexRow | undefined {
    // Several rows may have the same time: the record sought may lie before the first of them.
    return this.#rowAt(Math.max(0, this.#countUpTo(1, atMs, false) - 1));
  }

  /** The first row behind the offset. */
  after(offsetBytes: number): IndexRow | undefined {
    return this.#rowAt(this.#countUpTo(2, offsetBytes, true));
  }

  /** Rows from `from` on as the index file has them. */
  encode(from = 0): Buffer {
    const bytes = Buffer.allocUnsafe((this.#count - from) * ROW_BYTES);
    for (let index = from * FIELDS, at = 0; index < this.#count * FIELDS; index++) {
      at = bytes.writeDoubleBE(this.#values[index] ?? 0, at);
    }
    return bytes;
  }

  /** Reads an index file; `undefined` when it cannot be the index of a file of `fileBytes`. */
  static decode(bytes: Buffer, fileBytes: number): RecordIndex | undefined {
    if (bytes.length === 0 || bytes.length % ROW_BYTES !== 0) return undefined;
    const index = new RecordIndex();
    for (let at = 0; at < bytes.length; at += ROW_BYTES) {
      const row = {
        ordinal: bytes.readDoubleBE(at),
        arrivalMs: bytes.readDoubleBE(at + 8),
        offsetBytes: bytes.readDoubleBE(at + 16),
      };
      if (!isFollowing(index.#last, row, fileBytes) || !index.add(row)) return undefined;
    }
    return index.#rowAt(0)?.offsetBytes === FILE_HEAD.length ? index : undefined;
  }

  get #last(): IndexRow | undefined {
    return this.#count === 0 ? undefined : this.#rowAt(this.#count - 1);
  }

  #rowAt(index: number): IndexRow | undefined {
    if (index >= this.#count) return undefined;
    return {
      ordinal: this.#at(index, 0),
      arrivalMs: this.#at(index, 1),
      offsetBytes: this.#at(index, 2),
    };
  }

  #at(row: number, field: 0 | 1 | 2): number {
    return this.#values[row * FIELDS + field] ?? 0;
  }

  /** How many rows have a field at most (`inclusive`) or below `limit`; fields never fall. */
  #countUpTo(field: 0 | 1 | 2, limit: number, inclusive: boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = this.#at(middle, field);
      if (value < limit || (inclusive && value === limit)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isFollowing(last: IndexRow | undefined, row: IndexRow, fileBytes: number): boolean {
  if (!Number.isSafeInteger(row.ordinal) || row.ordinal < 0 || row.offsetBytes >= fileBytes) return false;
  if (last === undefined) return true;
  return row.ordinal > last.ordinal && row.arrivalMs >= last.arrivalMs && row.offsetBytes > last.offsetBytes;
}
