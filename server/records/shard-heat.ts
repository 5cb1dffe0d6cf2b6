const MINUTE_MS = 60_000;

/** "A shard above about 500 KB/s for 15 minutes is split" (kinesis-data-streams.md §6). */
const HOT_BYTES_PER_MINUTE = 500_000 * 60;
const HOT_MINUTES = 15;

/** How much is written to a shard of an on-demand stream, by the minute. Sans-IO. */
export class ShardHeat {
  #minute = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  #hotMinutes = 0;

  /** Counts a write; answers whether the shard has been hot for long enough to be split. */
  add(sizeBytes: number, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute > this.#minute) {
      // Minutes without a write were cold.
      const isNext = minute === this.#minute + 1;
      this.#hotMinutes = isNext && this.#bytes >= HOT_BYTES_PER_MINUTE ? this.#hotMinutes + 1 : 0;
      this.#minute = minute;
      this.#bytes = 0;
    }
    this.#bytes += sizeBytes;
    return this.#hotMinutes >= HOT_MINUTES;
  }
}
