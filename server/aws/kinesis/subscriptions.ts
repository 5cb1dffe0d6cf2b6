/** "a second call within 5 s of a success -> ResourceInUseException, later it takes over" (kinesis-data-streams.md §5). */
const TAKEOVER_AFTER_MS = 5000;

interface Running {
  readonly sinceMs: number;
  readonly end: () => void;
}

/** Who is subscribed to which shard, one connection a consumer and shard. Time is passed in. */
export class Subscriptions {
  readonly #running = new Map<string, Running>();

  get count(): number {
    return this.#running.size;
  }

  /**
   * Begins a subscription and ends an older one of the same consumer and shard; `undefined` when that one is too young.
   * The answer is to be called when it is over.
   */
  begin(consumerArn: string, shardId: string, nowMs: number, end: () => void): (() => void) | undefined {
    const key = `${consumerArn}/${shardId}`;
    const older = this.#running.get(key);
    if (older !== undefined) {
      if (nowMs - older.sinceMs < TAKEOVER_AFTER_MS) return undefined;
      older.end();
    }
    const running = { sinceMs: nowMs, end };
    this.#running.set(key, running);
    return () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
  }

  /** The server closes: everybody is told to come again. */
  endAll(): void {
    for (const { end } of [...this.#running.values()]) end();
  }
}
