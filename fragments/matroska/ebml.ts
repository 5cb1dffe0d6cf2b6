import { MatroskaError } from './matroska-event.ts';

/** EBML in memory (RFC 8794): variable-size integers, and walking the children of an element that is wholly there. */

/** The size of an element that ends where its parent's next child begins. */
export const UNKNOWN_SIZE = -1;
/** RFC 9559 §5.1: EBMLMaxIDLength is 4. */
export const MAX_ID_LENGTH = 4;
export const MAX_SIZE_LENGTH = 8;

/** Matroska nests eight levels at most; tags may be nested by anybody. */
const MAX_DEPTH = 16;

/** Octets of the variable-size integer that begins with this one: 1 to 8, or 9 for octet 0, which begins none. */
export function vintLength(first: number): number {
  return Math.clz32(first) - 23;
}

/** An element id with its marker bits, from 1 to 4 octets. */
export function readId(bytes: Uint8Array, at: number, length: number): number {
  let id = bytes[at] ?? 0;
  for (let i = 1; i < length; i++) id = id * 256 + (bytes[at + i] ?? 0);
  return id;
}

/** The value of a variable-size integer, `UNKNOWN_SIZE` when all its bits are set, Infinity above 2^53 - 1. */
export function readVint(bytes: Uint8Array, at: number, length: number): number {
  const mask = 0xff >> length;
  const first = (bytes[at] ?? 0) & mask;
  let value = first;
  let allSet = first === mask;
  for (let i = 1; i < length; i++) {
    const octet = bytes[at + i] ?? 0;
    value = value * 256 + octet;
    allSet &&= octet === 0xff;
  }
  if (allSet) return UNKNOWN_SIZE;
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.POSITIVE_INFINITY;
}

/** Walks sibling elements of known size within `[start, end)` of `bytes`. Everything is checked against that end. */
export class ElementCursor {
  readonly #bytes: Uint8Array;
  readonly #streamOffset: number;
  readonly #limit: number;
  readonly #depth: number;
  #next: number;
  #elementAt = 0;
  #id = 0;
  #start = 0;
  #end = 0;

  /** `streamOffset`: of `bytes[0]`, for errors. */
  constructor(bytes: Uint8Array, streamOffset: number, start = 0, end = bytes.length, depth = 0) {
    this.#bytes = bytes;
    this.#streamOffset = streamOffset;
    this.#next = start;
    this.#limit = end;
    this.#depth = depth;
  }

  /** Goes to the next element; false at the end. Throws MatroskaError for ids and sizes that cannot be. */
  next(): boolean {
    const at = this.#next;
    if (at >= this.#limit) return false;
    this.#elementAt = at;
    const idLength = vintLength(this.#bytes[at] ?? 0);
    const sizeAt = at + idLength;
    if (idLength > MAX_ID_LENGTH || sizeAt >= this.#limit) throw this.error('bad-element', 'no element id');
    const sizeLength = vintLength(this.#bytes[sizeAt] ?? 0);
    const start = sizeAt + sizeLength;
    if (sizeLength > MAX_SIZE_LENGTH || start > this.#limit) throw this.error('bad-size', 'no element size');
    const size = readVint(this.#bytes, sizeAt, sizeLength);
    if (size === UNKNOWN_SIZE || size > this.#limit - start) {
      throw this.error('bad-size', 'an element does not end within its parent');
    }
    this.#id = readId(this.#bytes, at, idLength);
    this.#start = start;
    this.#end = start + size;
    this.#next = this.#end;
    return true;
  }

  get id(): number {
    return this.#id;
  }

  /** Where in the bytes the element's data begin. */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** An unsigned integer up to 2^53 - 1; empty means 0. */
  uint(): number {
    return Number(this.bigUint(Number.MAX_SAFE_INTEGER));
  }

  /** An unsigned integer of up to eight octets. */
  bigUint(max: number | bigint = 0xffff_ffff_ffff_ffffn): bigint {
    const length = this.#end - this.#start;
    if (length > 8) throw this.error('bad-element', `an integer of ${length} bytes`);
    let value = 0n;
    for (let i = this.#start; i < this.#end; i++) value = value * 256n + BigInt(this.#bytes[i] ?? 0);
    if (value > max) throw this.error('bad-element', `integer ${value} is beyond 2^53`);
    return value;
  }

  /** An IEEE 754 number of 0, 4 or 8 octets. */
  float(): number {
    const length = this.#end - this.#start;
    if (length === 0) return 0;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#start, length);
    if (length === 4) return view.getFloat32(0);
    if (length === 8) return view.getFloat64(0);
    throw this.error('bad-element', `a float of ${length} bytes`);
  }

  /** UTF-8 up to the first null octet (RFC 8794 §7.5). */
  text(): string {
    const bytes = this.data();
    const length = bytes.indexOf(0);
    return Buffer.from(bytes.buffer, bytes.byteOffset, length < 0 ? bytes.length : length).toString('utf8');
  }

  /** A view of the element's data. */
  data(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** The element's own children. */
  children(): ElementCursor {
    if (this.#depth >= MAX_DEPTH) throw this.error('too-deep', 'elements are nested too deep');
    return new ElementCursor(this.#bytes, this.#streamOffset, this.#start, this.#end, this.#depth + 1);
  }

  /** An error that points at the current element. */
  error(code: MatroskaError['code'], message: string): MatroskaError {
    return new MatroskaError(code, this.#streamOffset + this.#elementAt, message);
  }
}
