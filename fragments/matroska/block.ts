import { readVint, UNKNOWN_SIZE, vintLength } from './ebml.ts';
import { MatroskaError, type MatroskaEvent } from './matroska-event.ts';

/** SimpleBlock and Block with their lacing (RFC 9559 §10). */

const FLAG_KEY = 0x80;
const FLAG_INVISIBLE = 0x08;
const FLAG_DISCARDABLE = 0x01;

const LACING_XIPH = 1;
const LACING_FIXED = 2;

/** Track, relative time and flags; the track number has one byte at least. */
const MIN_HEAD_BYTES = 4;

/** Where a block lies, and what its surroundings say of it. */
export interface BlockContext {
  readonly clusterTimecode: number;
  /** Undefined for a SimpleBlock, whose own flags tell. */
  readonly isKey: boolean | undefined;
  /** BlockDuration, of the whole block. */
  readonly durationTicks: number | undefined;
  /** Tells the ticks a frame by the track's DefaultDuration; they may be fractional. */
  readonly header: { defaultTicks(trackNumber: number): number | undefined } | undefined;
}

/** Reads the block in `[start, end)` of `bytes` into `frame` events. `offset`: of the block in the stream. Throws MatroskaError. */
export function readBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  context: BlockContext,
  events: MatroskaEvent[],
): void {
  const numberLength = vintLength(bytes[start] ?? 0);
  const headEnd = start + numberLength + 3;
  if (end - start < MIN_HEAD_BYTES || headEnd > end) throw bad(offset, 'a block without its head');
  const trackNumber = readVint(bytes, start, numberLength);
  if (trackNumber < 1 || trackNumber > Number.MAX_SAFE_INTEGER) throw bad(offset, 'a block of no track');
  const relative = (((bytes[headEnd - 3] ?? 0) << 24) >> 16) | (bytes[headEnd - 2] ?? 0);
  const flags = bytes[headEnd - 1] ?? 0;
  const timecode = context.clusterTimecode + relative;
  const isKey = context.isKey ?? (flags & FLAG_KEY) !== 0;
  const isInvisible = (flags & FLAG_INVISIBLE) !== 0;
  const isDiscardable = context.isKey === undefined && (flags & FLAG_DISCARDABLE) !== 0;
  const lacing = (flags >> 1) & 3;
  if (lacing === 0) {
    events.push({
      type: 'frame',
      trackNumber,
      timecode,
      isKey,
      isInvisible,
      isDiscardable,
      durationTicks: context.durationTicks,
      data: bytes.subarray(headEnd, end),
    });
    return;
  }

  const lace = readLace(bytes, headEnd, end, lacing, offset);
  const count = lace.sizes.length;
  const blockTicks = context.durationTicks;
  const frameTicks =
    blockTicks === undefined ? context.header?.defaultTicks(trackNumber) : blockTicks / count;
  let at = lace.start;
  for (let i = 0; i < count; i++) {
    const size = lace.sizes[i] ?? 0;
    events.push({
      type: 'frame',
      trackNumber,
      timecode: frameTicks === undefined ? timecode : timecode + Math.round(i * frameTicks),
      isKey,
      isInvisible,
      isDiscardable,
      durationTicks:
        blockTicks === undefined
          ? undefined
          : Math.round(((i + 1) * blockTicks) / count) - Math.round((i * blockTicks) / count),
      data: bytes.subarray(at, at + size),
    });
    at += size;
  }
}

interface Lace {
  /** Where the first frame begins. */
  readonly start: number;
  readonly sizes: readonly number[];
}

/** The sizes of laced frames; all but the last are told (§10.3). Empty frames would make much of nothing and are refused. */
function readLace(bytes: Uint8Array, at: number, end: number, lacing: number, offset: number): Lace {
  if (at >= end) throw bad(offset, 'a lace without its count');
  const count = (bytes[at] ?? 0) + 1;
  let next = at + 1;
  const sizes: number[] = [];
  let total = 0;
  if (lacing === LACING_FIXED) {
    const size = (end - next) / count;
    if (!Number.isInteger(size) || size === 0)
      throw bad(offset, `${count} equal frames in ${end - next} bytes`);
    for (let i = 0; i < count; i++) sizes.push(size);
    return { start: next, sizes };
  }
  let size = 0;
  for (let i = 0; i < count - 1; i++) {
    if (lacing === LACING_XIPH) {
      size = 0;
      let octet = 255;
      while (octet === 255) {
        if (next >= end) throw bad(offset, 'a lace is cut off');
        octet = bytes[next++] ?? 0;
        size += octet;
      }
    } else {
      const length = vintLength(bytes[next] ?? 0);
      if (length > 8 || next + length > end) throw bad(offset, 'a lace is cut off');
      size = i === 0 ? readVint(bytes, next, length) : size + signedVint(bytes, next, length);
      next += length;
    }
    total += size;
    if (!(size > 0) || total > end - next) throw bad(offset, `a laced frame of ${size} bytes`);
    sizes.push(size);
  }
  const last = end - next - total;
  if (last <= 0) throw bad(offset, `a laced frame of ${last} bytes`);
  sizes.push(last);
  return { start: next, sizes };
}

/** EBML lacing tells differences, shifted to be positive: the middle of the range is 0 (§10.3.3). */
function signedVint(bytes: Uint8Array, at: number, length: number): number {
  const value = readVint(bytes, at, length);
  return value === UNKNOWN_SIZE ? Number.NaN : value - (2 ** (7 * length - 1) - 1);
}

function bad(offset: number, message: string): MatroskaError {
  return new MatroskaError('bad-block', offset, message);
}
