import { crc32c } from '../log/crc32c.ts';
import { readUint64, writeUint64 } from '../log/file-summary.ts';
import type { FragmentInfo, FragmentTag } from './fragment.ts';
import { formatFragmentNumber, parseFragmentNumber } from './fragment-number.ts';

/**
 * Framelog's own box, a `uuid` box (ISO/IEC 14496-12 §4.2) in front of each chunk: all that is known of the fragment,
 * so that every index can be made anew from the files. Integers are big-endian:
 *
 * ```
 *   0  size u32, 'uuid', usertype 16 bytes        60  timescale u32
 *  24  version u8, flags u8, chunk index u16      64  producer ms f64
 *  28  CRC-32C of the chunk u32                   72  start ticks i64
 *  32  length of the chunk in bytes u64           80  duration ticks of the fragment so far u64
 *  40  sequence u64   ) the fragment's number,    88  duration ticks of this chunk u64
 *  48  server ms u64  ) see fragment-number.ts    96  bytes of the fragment so far u64
 *  56  random u32     )                          104  ordinal u64
 *                                                112  run u32, init id 8 bytes
 *                                                124  tags: count u16, { name length u16, value length u16, UTF-8 }*
 *   last 4 bytes: CRC-32C of everything before them in the box
 * ```
 * The chunk is what lies between this box and the next: `prft moof mdat`.
 */

export type FragmentBoxErrorCode =
  | 'not-a-fragment-box'
  | 'truncated'
  | 'too-new'
  | 'bad-checksum'
  | 'malformed';

/** Bytes are no good fragment box. */
export class FragmentBoxError extends Error {
  readonly code: FragmentBoxErrorCode;

  constructor(code: FragmentBoxErrorCode, message: string) {
    super(message);
    this.name = 'FragmentBoxError';
    this.code = code;
  }
}

/** What a fragment box says of the chunk behind it. */
export interface FragmentBox {
  /** The fragment as known when this chunk ended. */
  readonly fragment: FragmentInfo;
  /** 0 for the first chunk of the fragment. */
  readonly chunkIndex: number;
  readonly isLast: boolean;
  readonly chunkDurationTicks: number;
  /** Tags that arrived since the previous chunk. */
  readonly tags: readonly FragmentTag[];
  readonly chunkBytes: number;
  readonly chunkCrc: number;
}

/** 'uuid' and Framelog's usertype: where a box of ours may begin, 4 bytes earlier. */
export const BOX_MARK = Buffer.concat([
  Buffer.from('uuid', 'latin1'),
  Buffer.from('6c1b9f7e4d2a4f35a8d0f7261be0c94a', 'hex'),
]);

const VERSION = 1;
const TAGS_AT = 124;
/** Without tags. */
export const MIN_BOX_BYTES = TAGS_AT + 2 + 4;
/** What a reader takes at most; KVS allows 10 tags of 128 + 256 characters on a fragment. */
export const MAX_BOX_BYTES = 65_536;

const IS_LAST = 1;
const STARTS_RUN = 2;
const GAP_BEFORE = 4;
const INDEPENDENT = 8;

/** Size of the box with these tags. */
export function fragmentBoxBytes(tags: readonly FragmentTag[]): number {
  let bytes = MIN_BOX_BYTES;
  for (const tag of tags) bytes += 4 + Buffer.byteLength(tag.name) + Buffer.byteLength(tag.value);
  return bytes;
}

/** Writes the box. Throws FragmentBoxError `malformed` for values that it cannot hold. */
export function encodeFragmentBox(box: FragmentBox): Buffer {
  const { fragment } = box;
  const number = parseFragmentNumber(fragment.number);
  const sizeBytes = fragmentBoxBytes(box.tags);
  if (number === undefined)
    throw new FragmentBoxError('malformed', `${fragment.number} is no fragment number`);
  const problem = numberProblem(box);
  if (problem !== undefined) throw new FragmentBoxError('malformed', problem);
  if (number.serverMs !== fragment.serverMs) {
    throw new FragmentBoxError('malformed', `fragment ${fragment.number} does not carry its server time`);
  }
  if (sizeBytes > MAX_BOX_BYTES) throw new FragmentBoxError('malformed', `tags of ${sizeBytes} bytes`);
  if (box.chunkIndex > 0xffff)
    throw new FragmentBoxError('malformed', 'more than 65536 chunks in a fragment');
  const bytes = Buffer.allocUnsafe(sizeBytes);
  bytes.writeUInt32BE(sizeBytes, 0);
  BOX_MARK.copy(bytes, 4);
  bytes[24] = VERSION;
  bytes[25] =
    (box.isLast ? IS_LAST : 0) |
    (fragment.startsRun ? STARTS_RUN : 0) |
    (fragment.gapBefore ? GAP_BEFORE : 0) |
    (fragment.independent ? INDEPENDENT : 0);
  bytes.writeUInt16BE(box.chunkIndex, 26);
  bytes.writeUInt32BE(box.chunkCrc, 28);
  writeUint64(bytes, box.chunkBytes, 32);
  writeUint64(bytes, number.sequence, 40);
  writeUint64(bytes, number.serverMs, 48);
  bytes.writeUInt32BE(number.random28, 56);
  bytes.writeUInt32BE(fragment.timescale, 60);
  bytes.writeDoubleBE(fragment.producerMs, 64);
  bytes.writeBigInt64BE(BigInt(fragment.startTicks), 72);
  writeUint64(bytes, fragment.durationTicks, 80);
  writeUint64(bytes, box.chunkDurationTicks, 88);
  writeUint64(bytes, fragment.sizeBytes, 96);
  writeUint64(bytes, fragment.ordinal, 104);
  bytes.writeUInt32BE(fragment.run, 112);
  bytes.write(fragment.initId, 116, 8, 'hex');
  writeTags(bytes, box.tags);
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, sizeBytes - 4)), sizeBytes - 4);
  return bytes;
}

/** What a box cannot hold, or a reader could not compute with. */
function numberProblem(box: FragmentBox): string | undefined {
  const { fragment } = box;
  const counts = {
    ordinal: fragment.ordinal,
    durationTicks: fragment.durationTicks,
    sizeBytes: fragment.sizeBytes,
    chunkDurationTicks: box.chunkDurationTicks,
    chunkBytes: box.chunkBytes,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) return `${name} ${value}`;
  }
  if (!Number.isSafeInteger(fragment.startTicks)) return `startTicks ${fragment.startTicks}`;
  if (!isUint32(fragment.run)) return `run ${fragment.run}`;
  if (!isUint32(fragment.timescale) || fragment.timescale === 0) return `timescale ${fragment.timescale}`;
  if (!Number.isFinite(fragment.producerMs)) return `producerMs ${fragment.producerMs}`;
  return /^[0-9a-f]{16}$/.test(fragment.initId) ? undefined : `initId ${fragment.initId}`;
}

function isUint32(value: number): boolean {
  return value >>> 0 === value;
}

function writeTags(bytes: Buffer, tags: readonly FragmentTag[]): void {
  bytes.writeUInt16BE(tags.length, TAGS_AT);
  let at = TAGS_AT + 2;
  for (const tag of tags) {
    const nameBytes = bytes.write(tag.name, at + 4);
    const valueBytes = bytes.write(tag.value, at + 4 + nameBytes);
    bytes.writeUInt16BE(nameBytes, at);
    bytes.writeUInt16BE(valueBytes, at + 2);
    at += 4 + nameBytes + valueBytes;
  }
}

/** Size of the fragment box that begins at `at`, `undefined` when none does. Looks at its first 24 bytes. */
export function fragmentBoxSizeAt(bytes: Buffer, at: number): number | undefined {
  if (bytes.length < at + 24 || BOX_MARK.compare(bytes, at + 4, at + 24) !== 0) return undefined;
  const sizeBytes = bytes.readUInt32BE(at);
  return sizeBytes >= MIN_BOX_BYTES && sizeBytes <= MAX_BOX_BYTES ? sizeBytes : undefined;
}

/** Reads the box at the start of `input`. Throws FragmentBoxError, and nothing else. */
export function decodeFragmentBox(input: Uint8Array): FragmentBox {
  const all = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const sizeBytes = fragmentBoxSizeAt(all, 0);
  if (sizeBytes === undefined)
    throw new FragmentBoxError('not-a-fragment-box', 'no fragment box begins here');
  if (all.length < sizeBytes) throw new FragmentBoxError('truncated', `${all.length} of ${sizeBytes} bytes`);
  const bytes = all.subarray(0, sizeBytes);
  if (bytes.readUInt32BE(sizeBytes - 4) !== crc32c(bytes.subarray(0, sizeBytes - 4))) {
    throw new FragmentBoxError('bad-checksum', 'the checksum of a fragment box is wrong');
  }
  if (bytes[24] !== VERSION) throw new FragmentBoxError('too-new', `fragment box version ${bytes[24]}`);
  const flags = bytes[25] ?? 0;
  const serverMs = checkedUint64(bytes, 48);
  const box = {
    fragment: {
      number: formatFragmentNumber({
        sequence: checkedUint64(bytes, 40),
        serverMs,
        random28: bytes.readUInt32BE(56) & 0xfff_ffff,
      }),
      ordinal: checkedUint64(bytes, 104),
      run: bytes.readUInt32BE(112),
      startsRun: (flags & STARTS_RUN) !== 0,
      gapBefore: (flags & GAP_BEFORE) !== 0,
      independent: (flags & INDEPENDENT) !== 0,
      serverMs,
      producerMs: bytes.readDoubleBE(64),
      initId: bytes.toString('hex', 116, 124),
      timescale: bytes.readUInt32BE(60),
      startTicks: Number(bytes.readBigInt64BE(72)),
      durationTicks: checkedUint64(bytes, 80),
      sizeBytes: checkedUint64(bytes, 96),
    },
    chunkIndex: bytes.readUInt16BE(26),
    isLast: (flags & IS_LAST) !== 0,
    chunkDurationTicks: checkedUint64(bytes, 88),
    tags: readTags(bytes),
    chunkBytes: checkedUint64(bytes, 32),
    chunkCrc: bytes.readUInt32BE(28),
  };
  const problem = numberProblem(box);
  if (problem !== undefined) throw new FragmentBoxError('malformed', problem);
  return box;
}

function checkedUint64(bytes: Buffer, at: number): number {
  const value = readUint64(bytes, at);
  if (Number.isSafeInteger(value)) return value;
  throw new FragmentBoxError('malformed', `the integer at ${at} is larger than 2^53`);
}

function readTags(bytes: Buffer): FragmentTag[] {
  const endBytes = bytes.length - 4;
  const count = bytes.readUInt16BE(TAGS_AT);
  const tags: FragmentTag[] = [];
  let at = TAGS_AT + 2;
  for (let index = 0; index < count; index++) {
    if (at + 4 > endBytes)
      throw new FragmentBoxError('malformed', 'the tags reach past the end of their box');
    const valueAt = at + 4 + bytes.readUInt16BE(at);
    const next = valueAt + bytes.readUInt16BE(at + 2);
    if (next > endBytes) throw new FragmentBoxError('malformed', 'the tags reach past the end of their box');
    tags.push({
      name: bytes.toString('utf8', at + 4, valueAt),
      value: bytes.toString('utf8', valueAt, next),
    });
    at = next;
  }
  if (at !== endBytes) throw new FragmentBoxError('malformed', 'bytes are left over behind the tags');
  return tags;
}
