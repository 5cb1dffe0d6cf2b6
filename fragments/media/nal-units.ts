import { CodecError } from './codec-error.ts';

/**
 * NAL units of H.264 and H.265 in their two dresses: length-prefixed (ISO/IEC 14496-15, how samples are stored) and
 * Annex B (start codes, how MPEG-TS, RTP tools and raw files carry them).
 */

const START_CODE = Buffer.from([0, 0, 1]);
const EMULATION_PREVENTION = Buffer.from([0, 0, 3]);

/**
 * Walks a length-prefixed sample without allocating: `while (cursor.next())` then look at `start` and `end`.
 * Empty NAL units are stepped over. A length that runs past the sample ends the walk with `isTorn` set.
 */
export class NalCursor {
  readonly #sample: Uint8Array;
  readonly #lengthSize: number;
  #position = 0;
  /** First byte of the current NAL unit (its header). */
  start = 0;
  end = 0;
  isTorn = false;

  constructor(sample: Uint8Array, lengthSize: number) {
    this.#sample = sample;
    this.#lengthSize = lengthSize;
  }

  next(): boolean {
    const sample = this.#sample;
    while (this.#position < sample.length) {
      const start = this.#position + this.#lengthSize;
      if (start > sample.length) break;
      let length = 0;
      for (let i = this.#position; i < start; i++) length = length * 256 + (sample[i] ?? 0);
      if (length > sample.length - start) break;
      this.#position = start + length;
      if (length === 0) continue;
      this.start = start;
      this.end = this.#position;
      return true;
    }
    this.isTorn = this.#position < sample.length;
    return false;
  }
}

/** The NAL units of a length-prefixed sample, as views. Throws CodecError `truncated` when a length runs past the end. */
export function splitLengthPrefixed(sample: Uint8Array, lengthSize: number): Uint8Array[] {
  const cursor = new NalCursor(sample, lengthSize);
  const nals: Uint8Array[] = [];
  while (cursor.next()) nals.push(sample.subarray(cursor.start, cursor.end));
  if (cursor.isTorn) throw new CodecError('truncated', 'NAL unit length runs past the end of the sample');
  return nals;
}

/** Puts NAL units behind 1- to 4-byte lengths. Throws CodecError `unsupported` when one is too long for its prefix. */
export function joinLengthPrefixed(nals: readonly Uint8Array[], lengthSize = 4): Uint8Array {
  let total = 0;
  for (const nal of nals) {
    if (nal.length >= 256 ** lengthSize) {
      throw new CodecError(
        'unsupported',
        `NAL unit of ${nal.length} bytes behind a ${lengthSize}-byte length`,
      );
    }
    total += lengthSize + nal.length;
  }
  const out = Buffer.allocUnsafe(total);
  let position = 0;
  for (const nal of nals) {
    position = out.writeUIntBE(nal.length, position, lengthSize);
    out.set(nal, position);
    position += nal.length;
  }
  return out;
}

/** The NAL units of an Annex B byte stream (H.264 and H.265 Annex B), as views. What precedes the first start code is ignored. */
export function splitAnnexB(stream: Uint8Array): Uint8Array[] {
  const bytes = asBuffer(stream);
  const nals: Uint8Array[] = [];
  let code = bytes.indexOf(START_CODE);
  while (code >= 0) {
    const start = code + START_CODE.length;
    code = bytes.indexOf(START_CODE, start);
    let end = code < 0 ? bytes.length : code;
    // trailing_zero_8bits, and the zero_byte of a four-byte start code; a NAL unit itself never ends in 0x00 (§7.4.1).
    while (end > start && bytes[end - 1] === 0) end -= 1;
    if (end > start) nals.push(stream.subarray(start, end));
  }
  return nals;
}

/** Puts a four-byte start code in front of each NAL unit. */
export function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  const out = Buffer.allocUnsafe(nals.reduce((sum, nal) => sum + 4 + nal.length, 0));
  let position = 0;
  for (const nal of nals) {
    position = out.writeUInt32BE(1, position);
    out.set(nal, position);
    position += nal.length;
  }
  return out;
}

/** Annex B to the storage form with 4-byte lengths. */
export function annexBToLengthPrefixed(stream: Uint8Array): Uint8Array {
  return joinLengthPrefixed(splitAnnexB(stream));
}

/** The storage form to Annex B. Throws CodecError `truncated` like `splitLengthPrefixed`. */
export function lengthPrefixedToAnnexB(sample: Uint8Array, lengthSize: number): Uint8Array {
  return joinAnnexB(splitLengthPrefixed(sample, lengthSize));
}

/**
 * The RBSP of a NAL unit: drops each emulation_prevention_three_byte (H.264 §7.4.1, H.265 §7.4.2). Answers the same
 * array where there is none.
 */
export function withoutEmulationPrevention(nal: Uint8Array): Uint8Array {
  const bytes = asBuffer(nal);
  let found = bytes.indexOf(EMULATION_PREVENTION);
  if (found < 0) return nal;
  const out = Buffer.allocUnsafe(nal.length);
  let length = 0;
  let from = 0;
  while (found >= 0) {
    length += bytes.copy(out, length, from, found + 2);
    from = found + 3;
    found = bytes.indexOf(EMULATION_PREVENTION, from);
  }
  length += bytes.copy(out, length, from);
  return out.subarray(0, length);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
