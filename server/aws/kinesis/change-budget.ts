const DAY_MS = 86_400_000;

/** How often something may be changed in a rolling day. Counted in memory: a restart begins anew. Time is passed in. */
export class ChangeBudget {
  readonly #perDay: number;
  readonly #changes = new Map<string, number[]>();

  constructor(perDay: number) {
    this.#perDay = perDay;
  }

  /** Takes one change of this name; answers whether it was allowed. */
  take(name: string, nowMs: number): boolean {
    const recent = (this.#changes.get(name) ?? []).filter((atMs) => nowMs - atMs < DAY_MS);
    if (recent.length >= this.#perDay) return false;
    recent.push(nowMs);
    // A Map is in order of insertion: what was changed last stands last.
    this.#changes.delete(name);
    this.#changes.set(name, recent);
    this.#forget(nowMs);
    return true;
  }

  /** Names whose last change is older than a day. */
  #forget(nowMs: number): void {
    for (const [name, changes] of this.#changes) {
      if (nowMs - (changes.at(-1) ?? 0) < DAY_MS) return;
      this.#changes.delete(name);
    }
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#changes.size;
  }
}
