/** Room in front of an access unit for the header of its PES packet. */
export const HEADROOM_BYTES = 64;

/**
 * One access unit in the form in which its elementary stream carries it, behind room for a header; the memory is used again for
 * the next one.
 */
export class AccessUnit {
  bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  /** Where it ends in `bytes`. */
  #end = HEADROOM_BYTES;

  get length(): number {
    return this.#end - HEADROOM_BYTES;
  }

  clear(): void {
    this.#end = HEADROOM_BYTES;
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const newEnd = this.#end + end - start;
    if (newEnd > this.bytes.length) this.#grow(newEnd);
    if (source instanceof Buffer) source.copy(this.bytes, this.#end, start, end);
    else this.bytes.set(source.subarray(start, end), this.#end);
    this.#end = newEnd;
  }

  #grow(neededBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.#end);
    this.bytes = larger;
  }
}
