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
    this.#changes.set(name, recent);
    if (recent.length >= this.#perDay) return false;
    recent.push(nowMs);
    return true;
  }
}
