import { hash } from 'node:crypto';

/** Where records go: 128-bit hash keys and the ranges of them that shards have (kinesis-data-streams.md §3). */

export const MAX_HASH_KEY = 2n ** 128n - 1n;

/** Both ends belong to it. */
export interface HashKeyRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** MD5 of the key's UTF-8 as an unsigned integer. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${hash('md5', partitionKey, 'hex')}`);
}

/** An explicit hash key; `undefined` when it is none (`0|([1-9]\d{0,38})`, at most 2^128 - 1). */
export function parseHashKey(text: string): bigint | undefined {
  if (!/^(0|[1-9]\d{0,38})$/.test(text)) return undefined;
  const key = BigInt(text);
  return key <= MAX_HASH_KEY ? key : undefined;
}

/** All keys in `count` ranges of the same size; the last takes the remainder. */
export function equalRanges(count: number): HashKeyRange[] {
  const size = (MAX_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: size * BigInt(index),
    end: index === count - 1 ? MAX_HASH_KEY : size * BigInt(index + 1) - 1n,
  }));
}

export function isIn(range: HashKeyRange, key: bigint): boolean {
  return key >= range.start && key <= range.end;
}
