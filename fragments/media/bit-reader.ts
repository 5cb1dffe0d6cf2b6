import { CodecError } from './codec-error.ts';

/**
 * Reads big-endian bit fields of coded headers. Every read past the end throws CodecError `truncated`, so a parser
 * written on it cannot leak a RangeError or read `undefined`.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #endBit: number;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#endBit = bytes.length * 8;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#bit;
  }

  get bitsLeft(): number {
    return this.#endBit - this.#bit;
  }

  /** An unsigned number of 0 to 32 bits, most significant first. */
  bits(count: number): number {
    this.#need(count);
    let value = 0;
    let left = count;
    while (left > 0) {
      const offset = this.#bit & 7;
      const take = Math.min(8 - offset, left);
      const byte = this.#bytes[this.#bit >> 3] ?? 0;
      // Multiplication, not a shift: 32-bit fields must stay unsigned.
      value = value * 2 ** take + ((byte >> (8 - offset - take)) & ((1 << take) - 1));
      this.#bit += take;
      left -= take;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    this.#need(count);
    this.#bit += count;
  }

  /** Unsigned Exp-Golomb code, ue(v) of H.264 §9.1; at most 2^32 - 2. */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros += 1;
      if (zeros > 31) throw new CodecError('invalid', 'Exp-Golomb code is longer than 32 bits');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Like `ue`, refusing values over `max`: for counts and sizes that the specification bounds. */
  ueAtMost(max: number, name: string): number {
    const value = this.ue();
    if (value > max) throw new CodecError('invalid', `${name} is ${value}, at most ${max} is allowed`);
    return value;
  }

  /** Signed Exp-Golomb code, se(v) of H.264 §9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }

  /** A view of whole bytes; the position must be on a byte boundary. */
  bytes(count: number): Uint8Array {
    if (this.#bit % 8 !== 0) throw new CodecError('invalid', 'bytes were asked for inside a byte');
    this.#need(count * 8);
    const start = this.#bit / 8;
    this.#bit += count * 8;
    return this.#bytes.subarray(start, start + count);
  }

  #need(count: number): void {
    if (count > this.#endBit - this.#bit) {
      throw new CodecError('truncated', `${count} bits wanted at bit ${this.#bit} of ${this.#endBit}`);
    }
  }
}
