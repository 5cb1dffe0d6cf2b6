/** What was longer ago than a few of these does not count. */
const MEMORY_MS = 30_000;

/** Which share of a worker's time somebody has used lately, 0 to 1. */
export class BusyShare {
  #busyMs = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  add(busyMs: number, nowMs: number): void {
    this.#busyMs = this.#decayed(nowMs) + busyMs;
    this.#atMs = nowMs;
  }

  at(nowMs: number): number {
    return this.#decayed(nowMs) / MEMORY_MS;
  }

  #decayed(nowMs: number): number {
    return this.#busyMs * Math.exp((this.#atMs - nowMs) / MEMORY_MS);
  }
}
