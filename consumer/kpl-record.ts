import { createHash } from 'node:crypto';
import { ProtobufError, readFields } from './protobuf-reader.ts';

/**
 * Records that the Kinesis Producer Library has put together into one (kinesis-data-streams.md §7): a magic number, a Protocol Buffers
 * message, and the MD5 of the message.
 */

/** One of the records within an aggregated one. */
export interface KplRecord {
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  /** A view of the aggregated record's bytes. */
  readonly data: Uint8Array;
}

/** The bytes claim to be an aggregated record, and are none. */
export class KplRecordError extends Error {
  readonly code: 'bad-checksum' | 'malformed';

  constructor(code: KplRecordError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KplRecordError';
    this.code = code;
  }
}

const MAGIC = [0xf3, 0x89, 0x9a, 0xc2] as const;
const MD5_BYTES = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Do the bytes begin as an aggregated record does? */
export function looksAggregated(data: Uint8Array): boolean {
  return data.length >= MAGIC.length + MD5_BYTES && MAGIC.every((byte, index) => data[index] === byte);
}

/** The records within, in order. Throws KplRecordError. */
export function openAggregated(data: Uint8Array): KplRecord[] {
  if (!looksAggregated(data)) throw new KplRecordError('malformed', 'the magic number is not there');
  const message = data.subarray(MAGIC.length, data.length - MD5_BYTES);
  const digest = createHash('md5').update(message).digest();
  if (!digest.equals(data.subarray(data.length - MD5_BYTES))) {
    throw new KplRecordError('bad-checksum', 'the checksum is another one');
  }
  try {
    return readAggregated(message);
  } catch (cause) {
    // A TypeError is what the decoder of text throws.
    if (!(cause instanceof ProtobufError || cause instanceof TypeError)) throw cause;
    throw new KplRecordError('malformed', cause.message, { cause });
  }
}

function readAggregated(message: Uint8Array): KplRecord[] {
  const partitionKeys: string[] = [];
  const hashKeys: string[] = [];
  const records: Uint8Array[] = [];
  for (const field of readFields(message)) {
    if (!('bytes' in field)) continue;
    if (field.number === 1) partitionKeys.push(utf8.decode(field.bytes));
    else if (field.number === 2) hashKeys.push(utf8.decode(field.bytes));
    else if (field.number === 3) records.push(field.bytes);
  }
  return records.map((record) => readRecord(record, partitionKeys, hashKeys));
}

function readRecord(
  message: Uint8Array,
  partitionKeys: readonly string[],
  hashKeys: readonly string[],
): KplRecord {
  let partitionKey: string | undefined;
  let explicitHashKey: string | undefined;
  let data: Uint8Array | undefined;
  for (const field of readFields(message)) {
    if ('bytes' in field) {
      if (field.number === 3) data = field.bytes;
    } else if (field.number === 1) partitionKey = entry(partitionKeys, field.value);
    else if (field.number === 2) explicitHashKey = entry(hashKeys, field.value);
  }
  if (partitionKey === undefined || data === undefined) {
    throw new ProtobufError('a record has no partition key or no data');
  }
  return { partitionKey, explicitHashKey, data };
}

function entry(table: readonly string[], index: number): string {
  const key = table[index];
  if (key === undefined) throw new ProtobufError(`a table has no entry ${index}`);
  return key;
}
