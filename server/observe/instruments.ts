import { Counter, Gauge, type Registry } from 'prom-client';

/** Values by the value of one label. */
export type ByLabel = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

/**
 * Registers metrics whose values are read from the server's own state at each scrape, so that what happens on the hot
 * path is a `++` on a plain object, and a scrape is a walk over numbers in memory.
 */
export class Instruments {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** A number that only grows; its name ends in `_total`. */
  count(name: string, help: string, read: () => number): void {
    const metric: Counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        // A counter of prom-client can only be raised: it is put back to 0 first.
        metric.reset();
        metric.inc(read());
      },
    });
  }

  countBy(name: string, help: string, label: string, read: () => ByLabel): void {
    const metric: Counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        for (const [value, number] of entriesOf(read())) metric.inc({ [label]: value }, number);
      },
    });
  }

  /** A number that goes up and down. */
  level(name: string, help: string, read: () => number): void {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => metric.set(read()),
    });
  }

  levelBy(name: string, help: string, label: string, read: () => ByLabel): void {
    const metric: Gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        for (const [value, number] of entriesOf(read())) metric.set({ [label]: value }, number);
      },
    });
  }
}

function entriesOf(values: ByLabel): Iterable<[string, number]> {
  return values instanceof Map ? values : Object.entries(values);
}
