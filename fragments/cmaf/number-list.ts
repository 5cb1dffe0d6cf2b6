/** Whole numbers from 0 to 2^32-1 in a typed array that grows: 4 bytes each, where an array of numbers costs twice to four times that. */
export class NumberList {
  #values = new Uint32Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  copy(): NumberList {
    const copy = new NumberList();
    copy.#values = this.#values.slice();
    copy.length = this.length;
    return copy;
  }

  map(change: (value: number, index: number) => number): NumberList {
    const changed = new NumberList();
    changed.#values = this.#values.slice(0, Math.max(1, this.length)).map(change);
    changed.length = this.length;
    return changed;
  }

  /** The values, big-endian. */
  bytes(): Uint8Array {
    const bytes = Buffer.from(this.#values.slice(0, this.length).buffer);
    return IS_LITTLE_ENDIAN ? bytes.swap32() : bytes;
  }
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
