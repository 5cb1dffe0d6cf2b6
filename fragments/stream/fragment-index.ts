import { crc32c } from '../log/crc32c.ts';
import { type FileKey, type FileSummary, readUint64, writeUint64 } from '../log/file-summary.ts';
import type { FragmentInfo } from './fragment.ts';
import { formatFragmentNumber, parseFragmentNumber } from './fragment-number.ts';

/** A stored fragment and its place in its file. */
export interface StoredFragment {
  readonly info: FragmentInfo;
  /** Of the fragment box of its first chunk. */
  readonly offsetBytes: number;
  /** Size of that box: the media segment begins behind it. */
  readonly boxBytes: number;
  readonly chunks: number;
}

/** Width of a row, and of the header in front of the rows. */
export const ROW_BYTES = 88;
/** 760,000 fragments: far more than a file of any allowed length has. */
export const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const CRC_AT = ROW_BYTES - 4;
const MAGIC = 'FLIX';
const VERSION = 1;
const STARTS_RUN = 1;
const GAP_BEFORE = 2;
const INDEPENDENT = 4;

/**
 * The fragments of one log file: the content of its `.idx`, row by row, in one buffer. Integers are big-endian:
 *
 * ```
 *  0  ordinal u64       40  duration ticks u64    72  timescale u32       header: 'FLIX', version u32,
 *  8  sequence u64      48  offset u64            76  chunks u16          head bytes u32, init id 8 bytes,
 * 16  server ms u64     56  size of segment u64   78  flags u16           zeros up to the CRC
 * 24  producer ms f64   64  random u32            80  box bytes u32
 * 32  start ticks i64   68  run u32               84  CRC-32C of the row
 * ```
 */
export class FragmentIndex {
  /** Bytes of the init segment at the start of the file. */
  readonly headBytes: number;
  readonly initId: string;
  #bytes: Buffer;
  #count = 0;

  constructor(headBytes: number, initId: string) {
    this.headBytes = headBytes;
    this.initId = initId;
    this.#bytes = Buffer.alloc(ROW_BYTES * 17);
    this.#bytes.write(MAGIC, 0, 'latin1');
    this.#bytes.writeUInt32BE(VERSION, 4);
    this.#bytes.writeUInt32BE(headBytes, 8);
    this.#bytes.write(initId, 12, 8, 'hex');
    sealRow(this.#bytes, 0);
  }

  /** Reads the content of an `.idx`; `undefined` when any of it is not intact or makes no sense, or when it has no rows. */
  static parse(bytes: Buffer): FragmentIndex | undefined {
    if (bytes.length < 2 * ROW_BYTES || bytes.length % ROW_BYTES !== 0) return undefined;
    if (bytes.toString('latin1', 0, 4) !== MAGIC || bytes.readUInt32BE(4) !== VERSION) return undefined;
    for (let at = 0; at < bytes.length; at += ROW_BYTES) {
      if (bytes.readUInt32BE(at + CRC_AT) !== crc32c(bytes.subarray(at, at + CRC_AT))) return undefined;
    }
    const index = new FragmentIndex(bytes.readUInt32BE(8), bytes.toString('hex', 12, 20));
    index.#bytes = bytes;
    index.#count = bytes.length / ROW_BYTES - 1;
    for (let row = 0; row < index.#count; row++) if (!index.#makesSense(row)) return undefined;
    return index;
  }

  /** A right checksum over wrong values would mislead every search: order and ranges are looked at as well. */
  #makesSense(row: number): boolean {
    const at = this.#at(row);
    const { sequence, serverMs } = this.keyAt(row);
    const startBytes = readUint64(this.#bytes, at + 48);
    const isFirst = row === 0;
    return (
      this.#bytes.readUInt32BE(at + 72) > 0 &&
      Number.isFinite(this.producerMsAt(row)) &&
      Number.isSafeInteger(serverMs) &&
      Number.isSafeInteger(readUint64(this.#bytes, at + 40)) &&
      Number.isSafeInteger(sequence) &&
      Number.isSafeInteger(this.ordinalAt(row)) &&
      Number.isSafeInteger(this.endBytesAt(row)) &&
      startBytes >= (isFirst ? this.headBytes : this.endBytesAt(row - 1)) &&
      (isFirst || this.ordinalAt(row) > this.ordinalAt(row - 1))
    );
  }

  get count(): number {
    return this.#count;
  }

  /** The content of the `.idx`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, ROW_BYTES * (1 + this.#count));
  }

  /** Where the last fragment ends in the file. */
  get endBytes(): number {
    return this.#count === 0 ? this.headBytes : this.endBytesAt(this.#count - 1);
  }

  add(stored: StoredFragment): void {
    const { info } = stored;
    const number = parseFragmentNumber(info.number);
    if (number === undefined) throw new TypeError(`${info.number} is no fragment number`);
    const at = ROW_BYTES * ++this.#count;
    if (at + ROW_BYTES > this.#bytes.length) {
      const grown = Buffer.alloc(this.#bytes.length * 2);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    const bytes = this.#bytes;
    writeUint64(bytes, info.ordinal, at);
    writeUint64(bytes, number.sequence, at + 8);
    writeUint64(bytes, number.serverMs, at + 16);
    bytes.writeDoubleBE(info.producerMs, at + 24);
    bytes.writeBigInt64BE(BigInt(info.startTicks), at + 32);
    writeUint64(bytes, info.durationTicks, at + 40);
    writeUint64(bytes, stored.offsetBytes, at + 48);
    writeUint64(bytes, info.sizeBytes, at + 56);
    bytes.writeUInt32BE(number.random28, at + 64);
    bytes.writeUInt32BE(info.run, at + 68);
    bytes.writeUInt32BE(info.timescale, at + 72);
    bytes.writeUInt16BE(stored.chunks, at + 76);
    const flags =
      (info.startsRun ? STARTS_RUN : 0) |
      (info.gapBefore ? GAP_BEFORE : 0) |
      (info.independent ? INDEPENDENT : 0);
    bytes.writeUInt16BE(flags, at + 78);
    bytes.writeUInt32BE(stored.boxBytes, at + 80);
    sealRow(bytes, at);
  }

  /** Drops the fragments that do not end within the file's first `sizeBytes`. */
  cut(sizeBytes: number): void {
    while (this.#count > 0 && this.endBytesAt(this.#count - 1) > sizeBytes) this.#count--;
  }

  ordinalAt(row: number): number {
    return readUint64(this.#bytes, this.#at(row));
  }

  serverMsAt(row: number): number {
    return readUint64(this.#bytes, this.#at(row) + 16);
  }

  producerMsAt(row: number): number {
    return this.#bytes.readDoubleBE(this.#at(row) + 24);
  }

  durationMsAt(row: number): number {
    const at = this.#at(row);
    return (readUint64(this.#bytes, at + 40) * 1000) / this.#bytes.readUInt32BE(at + 72);
  }

  runAt(row: number): number {
    return this.#bytes.readUInt32BE(this.#at(row) + 68);
  }

  /** Bytes on disk, fragment boxes included. */
  sizeBytesAt(row: number): number {
    const at = this.#at(row);
    return this.#bytes.readUInt32BE(at + 80) + readUint64(this.#bytes, at + 56);
  }

  endBytesAt(row: number): number {
    return readUint64(this.#bytes, this.#at(row) + 48) + this.sizeBytesAt(row);
  }

  keyAt(row: number): FileKey {
    const at = this.#at(row);
    return {
      sequence: readUint64(this.#bytes, at + 8),
      serverMs: readUint64(this.#bytes, at + 16),
      random28: this.#bytes.readUInt32BE(at + 64),
    };
  }

  storedAt(row: number): StoredFragment {
    const at = this.#at(row);
    const bytes = this.#bytes;
    const key = this.keyAt(row);
    const flags = bytes.readUInt16BE(at + 78);
    return {
      info: {
        number: formatFragmentNumber(key),
        ordinal: this.ordinalAt(row),
        run: this.runAt(row),
        startsRun: (flags & STARTS_RUN) !== 0,
        gapBefore: (flags & GAP_BEFORE) !== 0,
        independent: (flags & INDEPENDENT) !== 0,
        serverMs: key.serverMs,
        producerMs: this.producerMsAt(row),
        initId: this.initId,
        timescale: bytes.readUInt32BE(at + 72),
        startTicks: Number(bytes.readBigInt64BE(at + 32)),
        durationTicks: readUint64(bytes, at + 40),
        sizeBytes: readUint64(bytes, at + 56),
      },
      offsetBytes: readUint64(bytes, at + 48),
      boxBytes: bytes.readUInt32BE(at + 80),
      chunks: bytes.readUInt16BE(at + 76),
    };
  }

  /** The last row whose ordinal is at most this, -1 when there is none. */
  byOrdinal(ordinal: number): number {
    return this.#lastAtOrBefore((row) => this.ordinalAt(row), ordinal);
  }

  byServerMs(atMs: number): number {
    return this.#lastAtOrBefore((row) => this.serverMsAt(row), atMs);
  }

  bySequence(sequence: number): number {
    return this.#lastAtOrBefore((row) => readUint64(this.#bytes, this.#at(row) + 8), sequence);
  }

  #lastAtOrBefore(valueAt: (row: number) => number, wanted: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (valueAt(middle) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #at(row: number): number {
    if (row < 0 || row >= this.#count) throw new RangeError(`row ${row} of ${this.#count}`);
    return ROW_BYTES * (1 + row);
  }
}

/**
 * What the manifest keeps of the file that is called by `key` and has this index with at least one fragment. The file is
 * called after the fragment that it began with, also when that one was damaged since.
 */
export function summarize(index: FragmentIndex, key: FileKey, sizeBytes: number): FileSummary {
  const last = index.count - 1;
  let producerMinMs = Number.POSITIVE_INFINITY;
  let producerMaxMs = Number.NEGATIVE_INFINITY;
  let breaks = index.keyAt(0).sequence === key.sequence ? 0 : 1;
  for (let row = 0; row <= last; row++) {
    const startMs = index.producerMsAt(row);
    producerMinMs = Math.min(producerMinMs, startMs);
    producerMaxMs = Math.max(producerMaxMs, startMs + index.durationMsAt(row));
    if (row > 0 && !follows(index, row)) breaks++;
  }
  return {
    key,
    firstOrdinal: index.ordinalAt(0),
    lastOrdinal: index.ordinalAt(last),
    lastSequence: index.keyAt(last).sequence,
    lastServerMs: index.serverMsAt(last),
    serverEndMs: index.serverMsAt(last) + index.durationMsAt(last),
    producerStartMs: index.producerMsAt(0),
    producerEndMs: index.producerMsAt(last) + index.durationMsAt(last),
    producerMinMs,
    producerMaxMs,
    firstRun: index.runAt(0),
    lastRun: index.runAt(last),
    breaks,
    entries: index.count,
    sizeBytes,
    headBytes: index.headBytes,
    headId: index.initId,
  };
}

/** Does a fragment go on where the one before it ended: same run, next ordinal? */
export function follows(index: FragmentIndex, row: number): boolean {
  return index.runAt(row) === index.runAt(row - 1) && index.ordinalAt(row) === index.ordinalAt(row - 1) + 1;
}

function sealRow(bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(crc32c(bytes.subarray(at, at + CRC_AT)), at + CRC_AT);
}
