import { Counter, Gauge, type Registry } from 'prom-client';

/** The clients that follow fragment events now: bounded, and counted in the metrics. */
export class Followers {
  readonly #max: number;
  #now = 0;
  readonly #following: Gauge;
  readonly #dropped: Counter;

  constructor(max: number, registry: Registry) {
    this.#max = max;
    this.#following = new Gauge({
      name: 'framelog_event_followers',
      help: 'Clients that follow fragment events now',
      registers: [registry],
    });
    this.#dropped = new Counter({
      name: 'framelog_event_followers_dropped_total',
      help: 'Followers of fragment events that were dropped because they read too slowly or because of an error',
      registers: [registry],
    });
  }

  /** Counts one in; `false` when there are too many. */
  enter(): boolean {
    if (this.#now >= this.#max) return false;
    this.#following.set(++this.#now);
    return true;
  }

  leave(): void {
    this.#following.set(--this.#now);
  }

  countDropped(): void {
    this.#dropped.inc();
  }
}
