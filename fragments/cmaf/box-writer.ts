import { Mp4Error } from './mp4-error.ts';

/**
 * Builds boxes from the inside out. For init segments, which are made once per decoder configuration; the per-part
 * path in chunk.ts lays its bytes out by hand.
 */

/** A box: 32-bit size, type, body. */
export function box(type: string, ...body: Uint8Array[]): Uint8Array {
  const sizeBytes = body.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([u32(sizeBytes), fourCc(type), ...body], sizeBytes);
}

/** A box with a version and 24 bits of flags (ISO 14496-12 §4.2, FullBox). */
export function fullBox(type: string, version: number, flags: number, ...body: Uint8Array[]): Uint8Array {
  return box(type, u32(((version << 24) | flags) >>> 0), ...body);
}

/** The four bytes of a box type, brand, handler or language-like code. */
export function fourCc(code: string): Uint8Array {
  return Buffer.from(code, 'latin1');
}

/** A null-terminated UTF-8 string. */
export function cString(text: string): Uint8Array {
  if (text.includes('\0')) throw new Mp4Error('invalid', 'a string in a box cannot hold a null character');
  return Buffer.from(`${text}\0`, 'utf8');
}

export function zeros(lengthBytes: number): Uint8Array {
  return new Uint8Array(lengthBytes);
}

export function u8(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(checked(value, 0xffff), i * 2);
  return bytes;
}

export function u32(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(checked(value, 0xffff_ffff), i * 4);
  return bytes;
}

export function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(checked(value, Number.MAX_SAFE_INTEGER)));
  return bytes;
}

function checked(value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw new Mp4Error('unsupported', `${value} does not fit a box field (at most ${maximum})`);
}
