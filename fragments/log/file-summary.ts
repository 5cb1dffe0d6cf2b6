import { crc32c } from './crc32c.ts';

/** What a log file is called by: the first entry's place in the stream. */
export interface FileKey {
  readonly sequence: number;
  readonly serverMs: number;
  readonly random28: number;
}

/**
 * All that is remembered of a sealed file. Data streams leave `run`s at 0 and give the server's time as the producer's.
 * Ordinals count entries; times are epoch milliseconds.
 */
export interface FileSummary {
  readonly key: FileKey;
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
  readonly lastSequence: number;
  /** Server time of the last entry, and when it ends. */
  readonly lastServerMs: number;
  readonly serverEndMs: number;
  /** Producer time of the first entry's start and of the last one's end... */
  readonly producerStartMs: number;
  readonly producerEndMs: number;
  /** ... and the bounds of all entries, which differ where the producer's clock was set back. */
  readonly producerMinMs: number;
  readonly producerMaxMs: number;
  readonly firstRun: number;
  readonly lastRun: number;
  /** Places inside the file where the run changes or entries are missing. */
  readonly breaks: number;
  readonly entries: number;
  readonly sizeBytes: number;
  /** Bytes in front of the first entry. */
  readonly headBytes: number;
  /** Names those bytes: 16 hex digits. */
  readonly headId: string;
}

/** Width of a summary in the manifest. */
export const SUMMARY_BYTES = 136;
const CRC_AT = SUMMARY_BYTES - 4;

/** Writes an integer of at most 2^53 as 64 bits. */
export function writeUint64(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  target.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}

/** Reads 64 bits; above 2^53 the answer is rounded. */
export function readUint64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * 0x1_0000_0000 + source.readUInt32BE(at + 4);
}

/** The fixed-width row of the manifest, with its own checksum. */
export function encodeSummary(summary: FileSummary): Buffer {
  const row = Buffer.alloc(SUMMARY_BYTES);
  writeUint64(row, summary.key.sequence, 0);
  writeUint64(row, summary.key.serverMs, 8);
  writeUint64(row, summary.firstOrdinal, 16);
  writeUint64(row, summary.lastOrdinal, 24);
  writeUint64(row, summary.lastSequence, 32);
  writeUint64(row, summary.lastServerMs, 40);
  row.writeDoubleBE(summary.serverEndMs, 48);
  row.writeDoubleBE(summary.producerStartMs, 56);
  row.writeDoubleBE(summary.producerEndMs, 64);
  row.writeDoubleBE(summary.producerMinMs, 72);
  row.writeDoubleBE(summary.producerMaxMs, 80);
  writeUint64(row, summary.sizeBytes, 88);
  row.write(summary.headId, 96, 8, 'hex');
  row.writeUInt32BE(summary.headBytes, 104);
  row.writeUInt32BE(summary.key.random28, 108);
  row.writeUInt32BE(summary.firstRun, 112);
  row.writeUInt32BE(summary.lastRun, 116);
  row.writeUInt32BE(summary.breaks, 120);
  row.writeUInt32BE(summary.entries, 124);
  row.writeUInt32BE(crc32c(row.subarray(0, CRC_AT)), CRC_AT);
  return row;
}

/** Reads the row at `at` back; `undefined` when its checksum is wrong. */
export function decodeSummary(bytes: Buffer, at: number): FileSummary | undefined {
  const row = bytes.subarray(at, at + SUMMARY_BYTES);
  if (row.length < SUMMARY_BYTES) return undefined;
  if (crc32c(row.subarray(0, CRC_AT)) !== row.readUInt32BE(CRC_AT)) return undefined;
  return {
    key: { sequence: readUint64(row, 0), serverMs: readUint64(row, 8), random28: row.readUInt32BE(108) },
    firstOrdinal: readUint64(row, 16),
    lastOrdinal: readUint64(row, 24),
    lastSequence: readUint64(row, 32),
    lastServerMs: readUint64(row, 40),
    serverEndMs: row.readDoubleBE(48),
    producerStartMs: row.readDoubleBE(56),
    producerEndMs: row.readDoubleBE(64),
    producerMinMs: row.readDoubleBE(72),
    producerMaxMs: row.readDoubleBE(80),
    sizeBytes: readUint64(row, 88),
    headId: row.toString('hex', 96, 104),
    headBytes: row.readUInt32BE(104),
    firstRun: row.readUInt32BE(112),
    lastRun: row.readUInt32BE(116),
    breaks: row.readUInt32BE(120),
    entries: row.readUInt32BE(124),
  };
}
