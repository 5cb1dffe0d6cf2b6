/** How often one kind of line from one peer is worth writing. */
const INTERVAL_MS = 60_000;
/** Peers remembered; the one heard of longest ago is forgotten first. */
const MAX_KEYS = 1000;

/**
 * Keeps peers that come back again and again, with a wrong key or with garbage, from filling the disk with log lines. The
 * counters count them all.
 */
export class LogThrottle {
  readonly #seen = new Map<string, { readonly atMs: number; suppressed: number }>();

  /** How many lines of this key were left out since the last one written; `undefined`: leave this one out as well. */
  pass(key: string, nowMs: number): number | undefined {
    const last = this.#seen.get(key);
    if (last !== undefined && nowMs >= last.atMs && nowMs - last.atMs < INTERVAL_MS) {
      last.suppressed++;
      return undefined;
    }
    this.#seen.delete(key);
    this.#seen.set(key, { atMs: nowMs, suppressed: 0 });
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_KEYS) break;
      this.#seen.delete(oldest);
    }
    return last?.suppressed ?? 0;
  }
}
