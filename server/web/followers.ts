import type { Counter, Gauge } from 'prom-client';

/** How many there are, and how many were dropped. */
export interface FollowerMetrics {
  readonly now: Gauge;
  readonly dropped: Counter;
}

/** The clients that follow something now: bounded, and counted in the metrics. */
export class Followers {
  readonly #max: number;
  readonly #metrics: FollowerMetrics;
  #now = 0;

  constructor(max: number, metrics: FollowerMetrics) {
    this.#max = max;
    this.#metrics = metrics;
  }

  /** Counts one in; `false` when there are too many. */
  enter(): boolean {
    if (this.#now >= this.#max) return false;
    this.#metrics.now.set(++this.#now);
    return true;
  }

  leave(): void {
    this.#metrics.now.set(--this.#now);
  }

  countDropped(): void {
    this.#metrics.dropped.inc();
  }
}
