import { createHash } from 'node:crypto';

/** A record as the Kinesis Producer Library aggregates it, written after its format and apart from the reader. */
export interface RecordToAggregate {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly data: Uint8Array;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

export function numberField(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** Magic number, message, MD5. */
export function framed(message: Uint8Array): Uint8Array {
  const digest = createHash('md5').update(message).digest();
  return Buffer.concat([Uint8Array.from([0xf3, 0x89, 0x9a, 0xc2]), message, digest]);
}

/** One aggregated record of many; `tags` are put on each, since producers may. */
export function aggregate(records: readonly RecordToAggregate[], tags: readonly string[] = []): Uint8Array {
  const keys = [...new Set(records.map(({ partitionKey }) => partitionKey))];
  const hashKeys = [...new Set(records.flatMap(({ explicitHashKey }) => explicitHashKey ?? []))];
  const fields = [
    ...keys.map((key) => bytesField(1, Buffer.from(key))),
    ...hashKeys.map((key) => bytesField(2, Buffer.from(key))),
    ...records.map(({ partitionKey, explicitHashKey, data }) =>
      bytesField(
        3,
        Buffer.concat([
          numberField(1, keys.indexOf(partitionKey)),
          ...(explicitHashKey === undefined ? [] : [numberField(2, hashKeys.indexOf(explicitHashKey))]),
          bytesField(3, data),
          ...tags.map((tag) => bytesField(4, bytesField(1, Buffer.from(tag)))),
        ]),
      ),
    ),
  ];
  return framed(Buffer.concat(fields));
}
