import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../../../fragments/log/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Lets everything that only waits for callbacks go on until nothing more happens. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

/** A clock that moves when it is told to. Timers go by elapsed time, also when the wall clock is set. */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  #offsetMs: number;
  readonly #timers = new Set<Timer>();

  constructor(nowMs = 1_700_000_000_000) {
    this.#offsetMs = nowMs;
  }

  nowMs(): number {
    return this.#offsetMs + this.#elapsedMs;
  }

  /** Sets the wall clock forward or back; timers do not notice. */
  step(byMs: number): void {
    this.#offsetMs += byMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on, timer by timer, with what they set off done in between. */
  async advance(byMs: number): Promise<void> {
    await settle();
    const endMs = this.#elapsedMs + byMs;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.callback();
      await settle();
    }
    this.#elapsedMs = endMs;
  }
}
