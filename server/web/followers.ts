import type { WebMetrics } from './web-metrics.ts';

/** The clients that follow fragment events now: bounded, and counted in the metrics. */
export class Followers {
  readonly #max: number;
  readonly #metrics: WebMetrics;
  #now = 0;

  constructor(max: number, metrics: WebMetrics) {
    this.#max = max;
    this.#metrics = metrics;
  }

  /** Counts one in; `false` when there are too many. */
  enter(): boolean {
    if (this.#now >= this.#max) return false;
    this.#metrics.followers.set(++this.#now);
    return true;
  }

  leave(): void {
    this.#metrics.followers.set(--this.#now);
  }

  countDropped(): void {
    this.#metrics.followersDropped.inc();
  }
}
