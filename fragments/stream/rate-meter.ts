const SECONDS = 5;

/** Averages of bytes and frames over about the last five seconds, in buckets of one. Time is passed in and never falls. */
export class RateMeter {
  readonly #bytes = new Float64Array(SECONDS + 1);
  readonly #frames = new Float64Array(SECONDS + 1);
  #firstSecond: number | undefined;
  #second = 0;

  /** Counts a sample. */
  add(sizeBytes: number, isFrame: boolean, nowMs: number): void {
    this.#advance(nowMs);
    const bucket = this.#second % (SECONDS + 1);
    this.#bytes[bucket] = (this.#bytes[bucket] ?? 0) + sizeBytes;
    if (isFrame) this.#frames[bucket] = (this.#frames[bucket] ?? 0) + 1;
  }

  /** Bits per second. */
  bitrateBps(nowMs: number): number {
    return this.#average(this.#bytes, nowMs) * 8;
  }

  /** Frames per second. */
  fps(nowMs: number): number {
    return this.#average(this.#frames, nowMs);
  }

  /** Over whole seconds: the one that has just begun does not count, unless there is no other. */
  #average(buckets: Float64Array, nowMs: number): number {
    if (this.#firstSecond === undefined) return 0;
    this.#advance(nowMs);
    const running = this.#second % (SECONDS + 1);
    const seconds = Math.min(SECONDS, this.#second - this.#firstSecond);
    if (seconds === 0) return buckets[running] ?? 0;
    let sum = 0;
    for (const [i, value] of buckets.entries()) if (i !== running) sum += value;
    return sum / seconds;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (this.#firstSecond === undefined) {
      this.#firstSecond = second;
      this.#second = second;
    }
    const steps = Math.min(second - this.#second, SECONDS + 1);
    for (let i = 0; i < steps; i++) {
      const bucket = (second - i) % (SECONDS + 1);
      this.#bytes[bucket] = 0;
      this.#frames[bucket] = 0;
    }
    if (second > this.#second) this.#second = second;
  }
}
