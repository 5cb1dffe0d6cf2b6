/** Above this, memory for an element grows with what has really come of it. */
const TRUSTED_BYTES = 4 << 20;

/** Joins the pieces of one element that is split over chunks: each byte is copied once, or twice where the element is huge. */
export class ElementCollector {
  readonly #sizeBytes: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(sizeBytes, TRUSTED_BYTES));
  }

  /** Takes what it needs of `bytes` from `at` on, and answers how much that was. */
  take(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#sizeBytes - this.#length);
    const wanted = this.#length + end - at;
    if (wanted > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.#sizeBytes, Math.max(wanted, 2 * this.#bytes.length)),
      );
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(at, end), this.#length);
    this.#length = wanted;
    return end - at;
  }

  /** The element when all of it is here. */
  get complete(): Uint8Array | undefined {
    return this.#length === this.#sizeBytes ? this.#bytes : undefined;
  }
}
