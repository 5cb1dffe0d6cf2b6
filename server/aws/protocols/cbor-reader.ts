import { serializationError } from '../input-reader.ts';

/**
 * CBOR as AWS clients send it (RFC 8949; kinesis-data-streams.md §1): definite and indefinite maps, lists, text and bytes;
 * numbers; tag 1 in front of times. Bounded: depth, and nothing is reserved before its bytes are there.
 */

const MAX_DEPTH = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Major types, RFC 8949 §3.1. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;

const INDEFINITE = 31;
const BREAK = 0xff;

/** Reads one document that fills the whole body; byte strings are views of it. Throws AwsError `SerializationException`. */
export function readCbor(body: Uint8Array): unknown {
  const reader = new CborReader(body);
  const value = reader.value(0);
  if (!reader.isAtEnd) throw bad('there are bytes behind the document');
  return value;
}

class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw bad('it is nested too deeply');
    const first = this.#byte();
    const major = first >> 5;
    const info = first & 31;
    switch (major) {
      case UNSIGNED:
        return this.#argument(info);
      case NEGATIVE:
        return -1 - this.#argument(info);
      case BYTES:
        return this.#bytesOf(info);
      case TEXT:
        return decodeText(this.#stringBytes(TEXT, info));
      case LIST:
        return this.#list(info, depth);
      case MAP:
        return this.#map(info, depth);
      case TAG:
        // Whatever the tag says: the model knows what a member is.
        this.#argument(info);
        return this.value(depth + 1);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw bad('it ends too early');
    this.#at++;
    return byte;
  }

  #take(sizeBytes: number): Buffer {
    if (sizeBytes > this.#bytes.length - this.#at) throw bad('it ends too early');
    const taken = this.#bytes.subarray(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    return taken;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#byte();
      case 25:
        return this.#take(2).readUInt16BE();
      case 26:
        return this.#take(4).readUInt32BE();
      case 27:
        return Number(this.#take(8).readBigUInt64BE());
      default:
        throw bad('a length is malformed');
    }
  }

  #bytesOf(info: number): Uint8Array {
    return this.#stringBytes(BYTES, info);
  }

  /** Of a definite string, or of an indefinite one's pieces together. */
  #stringBytes(major: number, info: number): Buffer {
    if (info !== INDEFINITE) return this.#take(this.#argument(info));
    const pieces: Buffer[] = [];
    for (let first = this.#byte(); first !== BREAK; first = this.#byte()) {
      if (first >> 5 !== major || (first & 31) === INDEFINITE)
        throw bad('a string has pieces of other types');
      pieces.push(this.#take(this.#argument(first & 31)));
    }
    return Buffer.concat(pieces);
  }

  /** Whether another element follows; takes the break of an indefinite one. */
  #hasMore(info: number, left: number): boolean {
    if (info !== INDEFINITE) return left > 0;
    if (this.#bytes[this.#at] !== BREAK) return true;
    this.#at++;
    return false;
  }

  #list(info: number, depth: number): unknown[] {
    const list: unknown[] = [];
    let left = info === INDEFINITE ? 0 : this.#argument(info);
    for (; this.#hasMore(info, left); left--) list.push(this.value(depth + 1));
    return list;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    let left = info === INDEFINITE ? 0 : this.#argument(info);
    for (; this.#hasMore(info, left); left--) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw bad('a key is no text');
      entries.push([key, this.value(depth + 1)]);
    }
    // Made of entries, so that a key like `__proto__` is one like any other.
    return Object.fromEntries(entries);
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      default:
        throw bad('it has a simple value that is not known');
    }
  }
}

/** RFC 8949 appendix D. */
function halfFloat(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (fraction + 1024) * 2 ** (exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad('a text is not UTF-8');
  }
}

function bad(why: string) {
  return serializationError(`The body is not valid CBOR: ${why}.`);
}
