import { crc32c } from '../../../fragments/log/crc32c.ts';
import type { RecordToAppend, StoredRecord } from './record.ts';

/**
 * A record on disk, big endian:
 *
 *   u32 body bytes | u32 CRC-32C of the body | body = u48 ordinal | u48 arrival, epoch ms | u16 key bytes | u8 explicit
 *   hash key digits | u8 0 | partition key, UTF-8 | explicit hash key, ASCII | data
 */

const PREFIX_BYTES = 8;
const FACTS_BYTES = 16;
const MAX_KEY_BYTES = 256 * 4;
const MAX_HASH_KEY_DIGITS = 39;
/** Largest data of a record (10 MiB, kinesis-data-streams.md §4) and all that goes with it. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024 + FACTS_BYTES + MAX_KEY_BYTES + MAX_HASH_KEY_DIGITS;

/** Bytes before a record's key and data. */
export const RECORD_HEAD_BYTES = PREFIX_BYTES + FACTS_BYTES;

/** What is read at the start of a frame. */
export interface RecordHead {
  readonly ordinal: number;
  readonly arrivalMs: number;
  /** Of the whole frame. */
  readonly frameBytes: number;
}

/** Bytes that the record takes on disk. */
export function recordBytes(record: RecordToAppend): number {
  const keyBytes = Buffer.byteLength(record.partitionKey);
  return RECORD_HEAD_BYTES + keyBytes + (record.explicitHashKey?.length ?? 0) + record.data.length;
}

/** Writes records one behind the other into one buffer of `sizeBytes`, the sum of their `recordBytes`. */
export function encodeRecords(
  records: readonly RecordToAppend[],
  firstOrdinal: number,
  arrivalMs: number,
  sizeBytes: number,
): Buffer {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let at = 0;
  for (const [index, record] of records.entries()) {
    at = encodeRecord(bytes, at, record, firstOrdinal + index, arrivalMs);
  }
  return bytes;
}

function encodeRecord(
  bytes: Buffer,
  startBytes: number,
  record: RecordToAppend,
  ordinal: number,
  arrivalMs: number,
): number {
  const bodyStart = startBytes + PREFIX_BYTES;
  const hashKey = record.explicitHashKey ?? '';
  let at = bytes.writeUIntBE(ordinal, bodyStart, 6);
  at = bytes.writeUIntBE(arrivalMs, at, 6);
  const keyBytes = bytes.write(record.partitionKey, bodyStart + FACTS_BYTES);
  at = bytes.writeUInt16BE(keyBytes, at);
  at = bytes.writeUInt8(hashKey.length, at);
  at = bytes.writeUInt8(0, at) + keyBytes;
  at += bytes.write(hashKey, at, 'latin1');
  bytes.set(record.data, at);
  at += record.data.length;
  bytes.writeUInt32BE(at - bodyStart, startBytes);
  bytes.writeUInt32BE(crc32c(bytes.subarray(bodyStart, at)), startBytes + 4);
  return at;
}

/** Reads the head of the frame at `at`; `undefined` when that can be no frame. At least RECORD_HEAD_BYTES must be there. */
export function readRecordHead(bytes: Buffer, at: number): RecordHead | undefined {
  const bodyBytes = bytes.readUInt32BE(at);
  const keyBytes = bytes.readUInt16BE(at + PREFIX_BYTES + 12);
  const hashKeyDigits = bytes.readUInt8(at + PREFIX_BYTES + 14);
  if (bodyBytes > MAX_BODY_BYTES || keyBytes > MAX_KEY_BYTES || hashKeyDigits > MAX_HASH_KEY_DIGITS) {
    return undefined;
  }
  if (bodyBytes < FACTS_BYTES + keyBytes + hashKeyDigits) return undefined;
  return {
    ordinal: bytes.readUIntBE(at + PREFIX_BYTES, 6),
    arrivalMs: bytes.readUIntBE(at + PREFIX_BYTES + 6, 6),
    frameBytes: PREFIX_BYTES + bodyBytes,
  };
}

/** Does the whole frame at `at` agree with its checksum? */
export function isIntact(bytes: Buffer, at: number, { frameBytes }: RecordHead): boolean {
  return crc32c(bytes.subarray(at + PREFIX_BYTES, at + frameBytes)) === bytes.readUInt32BE(at + 4);
}

/** The record of the whole, intact frame at `at`. */
export function decodeRecord(bytes: Buffer, at: number, head: RecordHead): StoredRecord {
  const keyStart = at + RECORD_HEAD_BYTES;
  const keyEnd = keyStart + bytes.readUInt16BE(at + PREFIX_BYTES + 12);
  const hashKeyEnd = keyEnd + bytes.readUInt8(at + PREFIX_BYTES + 14);
  return {
    ordinal: head.ordinal,
    arrivalMs: head.arrivalMs,
    partitionKey: bytes.toString('utf8', keyStart, keyEnd),
    ...(hashKeyEnd > keyEnd ? { explicitHashKey: bytes.toString('latin1', keyEnd, hashKeyEnd) } : {}),
    data: bytes.subarray(hashKeyEnd, at + head.frameBytes),
  };
}
