/** One access unit in the form in which its elementary stream carries it; the memory is used again for the next one. */
export class AccessUnit {
  bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) this.#grow(length);
    if (source instanceof Buffer) source.copy(this.bytes, this.length, start, end);
    else this.bytes.set(source.subarray(start, end), this.length);
    this.length = length;
  }

  #grow(neededBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
