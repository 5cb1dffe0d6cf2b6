/** Writes big-endian bit fields, the counterpart of BitReader. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #free = 0;

  /** Appends the low `count` bits (0 to 32) of `value`. */
  bits(count: number, value: number): this {
    for (let left = count; left > 0; ) {
      if (this.#free === 0) {
        this.#bytes.push(0);
        this.#free = 8;
      }
      const take = Math.min(this.#free, left);
      left -= take;
      this.#free -= take;
      const part = Math.floor(value / 2 ** left) % 2 ** take;
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (part << this.#free);
    }
    return this;
  }

  flag(value: boolean): this {
    return this.bits(1, value ? 1 : 0);
  }

  /** The bytes written, the last one filled up with zero bits. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
