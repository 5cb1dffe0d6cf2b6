import { TokenBucket } from '../../records/throttle.ts';

/** "5 calls/s and 2 MB/s per shard (a 10 MB answer blocks the next 5 s)" (kinesis-data-streams.md §5). Sans-IO. */
const CALLS_PER_SECOND = 5;
const BYTES_PER_SECOND = 2 * 1024 * 1024;
/** Shards that are remembered: those read longest ago are forgotten first, and have full buckets again. */
const MAX_SHARDS = 50_000;

interface Buckets {
  readonly calls: TokenBucket;
  readonly bytes: TokenBucket;
}

/** What may be read of each shard by all who share it. */
export class ReadLimiter {
  readonly isOn: boolean;
  readonly #shards = new Map<string, Buckets>();

  constructor(options: { readonly isOn: boolean }) {
    this.isOn = options.isOn;
  }

  /** May it be read now? Takes the call when it may. */
  admits(shard: string, nowMs: number): boolean {
    if (!this.isOn) return true;
    const { calls, bytes } = this.#bucketsOf(shard);
    if (!calls.has(1, nowMs) || !bytes.has(1, nowMs)) return false;
    calls.take(1, nowMs);
    return true;
  }

  /** Counts what was read. */
  spend(shard: string, sizeBytes: number, nowMs: number): void {
    if (this.isOn) this.#bucketsOf(shard).bytes.take(sizeBytes, nowMs);
  }

  #bucketsOf(shard: string): Buckets {
    const known = this.#shards.get(shard);
    const buckets = known ?? {
      calls: new TokenBucket(CALLS_PER_SECOND),
      bytes: new TokenBucket(BYTES_PER_SECOND),
    };
    // A Map is in order of insertion: what was used last stands last.
    this.#shards.delete(shard);
    this.#shards.set(shard, buckets);
    for (const oldest of this.#shards.keys()) {
      if (this.#shards.size <= MAX_SHARDS) break;
      this.#shards.delete(oldest);
    }
    return buckets;
  }
}
