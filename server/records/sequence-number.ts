/**
 * Sequence numbers of data streams, version 2: a 186-bit integer in decimal, 56 digits
 * (kinesis-data-streams.md §3). Clients compare them as integers; consumers keep them for ever.
 *
 *   hex: 2 | shard creation, s: 9 | low nibble of shard index: 1 | position: 16 | 00 | record time, s: 9 | shard index: 8 | 2
 */

/** What a sequence number says. */
export interface SequenceNumber {
  /** When the shard was made, epoch seconds. */
  readonly shardCreatedS: number;
  readonly shardIndex: number;
  /** Grows with every record of the shard: 0 is the shard's start, its first record has 1. */
  readonly position: bigint;
  /** Arrival, epoch seconds. */
  readonly arrivalS: number;
}

/** Position of the number at which a closed shard ends. */
export const END_POSITION = 0x7fff_ffff_ffff_ffffn;

const MAX_SECONDS = 0xf_ffff_ffff;
const MAX_POSITION = 0xffff_ffff_ffff_ffffn;
/** "0|([1-9]\d{0,128})" is what the model takes. */
const DECIMAL = /^(0|[1-9]\d{0,128})$/;

/** The 56 digits. */
export function formatSequenceNumber(number: SequenceNumber): string {
  const { shardCreatedS, shardIndex, position, arrivalS } = number;
  const hex = [
    '2',
    hexOf(shardCreatedS, 9),
    (shardIndex & 0xf).toString(16),
    position.toString(16).padStart(16, '0'),
    '00',
    hexOf(arrivalS, 9),
    hexOf(shardIndex, 8),
    '2',
  ].join('');
  return BigInt(`0x${hex}`).toString();
}

/** Reads a sequence number; `undefined` when it is none of version 2. */
export function parseSequenceNumber(text: string): SequenceNumber | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const hex = BigInt(text).toString(16);
  if (hex.length !== 47 || hex[0] !== '2' || hex[46] !== '2') return undefined;
  const shardIndex = Number.parseInt(hex.slice(38, 46), 16);
  if (hex.slice(27, 29) !== '00' || Number.parseInt(hex[10] ?? '', 16) !== (shardIndex & 0xf))
    return undefined;
  return {
    shardCreatedS: Number.parseInt(hex.slice(1, 10), 16),
    shardIndex,
    position: BigInt(`0x${hex.slice(11, 27)}`),
    arrivalS: Number.parseInt(hex.slice(29, 38), 16),
  };
}

/** Is it a sequence number of any version, by its form? Older versions are only compared. */
export function isSequenceNumberText(text: string): boolean {
  return DECIMAL.test(text);
}

/** Before, at or after, as integers. Both must be decimal. */
export function compareSequenceNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The one shard's numbers, made fast: all but position and time are the same for every record. */
export class SequenceNumbers {
  readonly #base: bigint;

  constructor(shard: Pick<SequenceNumber, 'shardCreatedS' | 'shardIndex'>) {
    this.#base = BigInt(formatSequenceNumber({ ...shard, position: 0n, arrivalS: 0 }));
  }

  /** Of the record at a position of the shard, 1 for the first, that arrived at this time, epoch ms. */
  at(position: number | bigint, arrivalMs: number): string {
    const seconds = BigInt(Math.min(MAX_SECONDS, Math.max(0, Math.floor(arrivalMs / 1000))));
    return (this.#base + ((BigInt(position) & MAX_POSITION) << 80n) + (seconds << 36n)).toString();
  }
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0').slice(-digits);
}
