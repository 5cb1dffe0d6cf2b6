/** "3 crashes in 5 min on a stream: quarantined for 10 min" (detection.md §8). */
const MAX_CRASHES = 3;
const WITHIN_MS = 5 * 60_000;
const QUARANTINE_MS = 10 * 60_000;
/** Sources remembered at once; the one that crashed longest ago goes first. */
const MAX_SOURCES = 1000;

/** Sources whose media end decoders again and again are left alone for a while, so that they do not take the time of others. */
export class Quarantine {
  readonly #crashes = new Map<string, number[]>();
  readonly #until = new Map<string, number>();

  crashed(source: string, nowMs: number): void {
    const recent = (this.#crashes.get(source) ?? []).filter((atMs) => nowMs - atMs < WITHIN_MS);
    recent.push(nowMs);
    this.#crashes.delete(source);
    if (recent.length >= MAX_CRASHES) this.#until.set(source, nowMs + QUARANTINE_MS);
    else this.#crashes.set(source, recent);
    for (const kept of [this.#crashes, this.#until]) {
      if (kept.size <= MAX_SOURCES) continue;
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    }
  }

  has(source: string, nowMs: number): boolean {
    const untilMs = this.#until.get(source);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#until.delete(source);
    return false;
  }
}
