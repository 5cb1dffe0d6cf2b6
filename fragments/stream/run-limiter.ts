/** Lets a few timestamp resets through at once and one every two seconds after: garbage must not make a run a sample. */
export class RunLimiter {
  #credit = BURST;
  #atMs = 0;

  /** Whether a reset at `nowMs` (server time, not falling) may begin a run. */
  take(nowMs: number): boolean {
    this.#credit = Math.min(BURST, this.#credit + (nowMs - this.#atMs) / MS_PER_CREDIT);
    this.#atMs = nowMs;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }
}

const BURST = 8;
const MS_PER_CREDIT = 2000;
