/** Limits of a shard by the second, as the service has them (kinesis-data-streams.md §4, §5). Sans-IO. */

/** So much a second, with at most one second's worth saved up. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /**
   * Is there room for `amount`? One that is larger than a second's worth fits into a full bucket, and is paid off
   * afterwards ("burst traffic").
   */
  has(amount: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= Math.min(amount, this.#perSecond);
  }

  /** Takes `amount`, also when it is not there. */
  take(amount: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= amount;
  }

  #refill(nowMs: number): void {
    // A clock that was set back gives nothing and takes nothing.
    if (nowMs > this.#atMs && Number.isFinite(this.#atMs)) {
      const gained = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
      this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    }
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}

/** What one shard takes in: bytes and records a second. */
export class WriteThrottle {
  readonly #bytes: TokenBucket;
  readonly #records: TokenBucket;

  constructor(limits: { readonly bytesPerSecond: number; readonly recordsPerSecond: number }) {
    this.#bytes = new TokenBucket(limits.bytesPerSecond);
    this.#records = new TokenBucket(limits.recordsPerSecond);
  }

  /** Takes one record; answers whether it is within the limits. */
  take(sizeBytes: number, nowMs: number): boolean {
    if (!this.#records.has(1, nowMs) || !this.#bytes.has(sizeBytes, nowMs)) return false;
    this.#records.take(1, nowMs);
    this.#bytes.take(sizeBytes, nowMs);
    return true;
  }
}
