import { Mp4Error } from './mp4-error.ts';

/**
 * Reads big-endian fields in order from a box body. Every read is checked against the end, so that damaged sizes and
 * counts show as an Mp4Error `truncated` and never as a RangeError.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;

  /** Reads `[start, end)` of `bytes`, which the caller has checked. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
  }

  /** Index in the underlying bytes of the next field. */
  get position(): number {
    return this.#position;
  }

  get remainingBytes(): number {
    return this.#end - this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u24(): number {
    const at = this.#take(3);
    return (this.#view.getUint8(at) << 16) | this.#view.getUint16(at + 1);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** A 64-bit unsigned integer up to 2^53 - 1; `unsupported` above. */
  u64(): number {
    const at = this.#take(8);
    return safeInteger(this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4));
  }

  /** A 64-bit signed integer within ±(2^53 - 1); `unsupported` outside. */
  i64(): number {
    const at = this.#take(8);
    return safeInteger(this.#view.getInt32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4));
  }

  fourCc(): string {
    const at = this.#take(4);
    return String.fromCharCode(...this.#bytes.subarray(at, at + 4));
  }

  /** A view of the next bytes; nothing is copied. */
  bytes(lengthBytes: number): Uint8Array {
    const at = this.#take(lengthBytes);
    return this.#bytes.subarray(at, at + lengthBytes);
  }

  /** UTF-8 up to a null byte or the end. */
  cString(): string {
    const rest = this.#bytes.subarray(this.#position, this.#end);
    const length = rest.indexOf(0);
    this.#position += length < 0 ? rest.length : length + 1;
    return Buffer.from(length < 0 ? rest : rest.subarray(0, length)).toString('utf8');
  }

  skip(lengthBytes: number): void {
    this.#take(lengthBytes);
  }

  /** Checks that a table of `count` entries is really here, before anything is made of the count. */
  requireEntries(count: number, entryBytes: number): void {
    if (count * entryBytes > this.remainingBytes) {
      throw new Mp4Error(
        'truncated',
        `${count} entries of ${entryBytes} bytes in ${this.remainingBytes} bytes`,
      );
    }
  }

  #take(lengthBytes: number): number {
    const at = this.#position;
    if (lengthBytes > this.#end - at) {
      throw new Mp4Error('truncated', `${lengthBytes} bytes wanted at ${at}, ${this.#end - at} are there`);
    }
    this.#position = at + lengthBytes;
    return at;
  }
}

function safeInteger(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new Mp4Error('unsupported', `${value} is beyond 2^53`);
}
