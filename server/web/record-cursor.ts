import { ApiError } from './api-error.ts';

/**
 * Where a reader of all shards is: an opaque text, given out as `id` of events and as `next` of pages. It names every shard that the reader
 * knows and has not read to its end, and how many shards it has heard of: those with a greater number are new to it.
 */
export interface RecordCursor {
  /** When the stream was made: one of the same name that is made again is another one. */
  readonly streamCreatedMs: number;
  /** Shards from this number on are not known yet. */
  readonly nextIndex: number;
  /** Ordinal of the next record by number of the shard; in ascending order. */
  readonly shards: readonly { readonly index: number; readonly ordinal: number }[];
  /** Nothing follows any more: what was asked for ends before. */
  readonly isOver: boolean;
}

/** More shards than these make a cursor that does not fit into a header. */
export const MAX_CURSOR_SHARDS = 1000;
const VERSION = 1;
/** A shard takes at most two numbers of eight bytes each. */
const MAX_CHARS = 12_000;

/** The cursor as text. */
export function formatCursor(cursor: RecordCursor): string {
  const numbers = [VERSION, cursor.isOver ? 1 : 0, cursor.streamCreatedMs, cursor.nextIndex];
  let last = 0;
  for (const { index, ordinal } of cursor.shards) {
    numbers.push(index - last, ordinal);
    last = index;
  }
  const bytes: number[] = [];
  for (const number of numbers) writeNumber(bytes, number);
  return Buffer.from(bytes).toString('base64url');
}

/** Reads a cursor. Throws ApiError `invalid-position`. */
export function parseCursor(text: string): RecordCursor {
  if (text.length > MAX_CHARS || !/^[A-Za-z0-9_-]+$/.test(text)) throw invalid();
  const numbers = readNumbers(Buffer.from(text, 'base64url'));
  const [version, over, streamCreatedMs, nextIndex, ...pairs] = numbers;
  const isWhole = nextIndex !== undefined && streamCreatedMs !== undefined && pairs.length % 2 === 0;
  if (version !== VERSION || !isWhole || pairs.length > 2 * MAX_CURSOR_SHARDS) throw invalid();
  const shards: { index: number; ordinal: number }[] = [];
  let index = 0;
  for (let at = 0; at < pairs.length; at += 2) {
    const step = pairs[at] as number;
    if (at > 0 && step === 0) throw invalid();
    index += step;
    if (index >= nextIndex) throw invalid();
    shards.push({ index, ordinal: pairs[at + 1] as number });
  }
  return { streamCreatedMs, nextIndex, shards, isOver: over === 1 };
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function writeNumber(bytes: number[], number: number): void {
  let rest = number;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function readNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let number = 0;
  let factor = 1;
  for (const byte of bytes) {
    number += (byte % 128) * factor;
    factor *= 128;
    if (number > Number.MAX_SAFE_INTEGER) throw invalid();
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
    factor = 1;
  }
  if (factor !== 1) throw invalid();
  return numbers;
}

function invalid(): ApiError {
  return new ApiError(400, 'invalid-position', 'after, Last-Event-ID: not a position that this server gave.');
}
