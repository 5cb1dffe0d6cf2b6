import { Counter, type CounterConfiguration, Gauge, type Registry } from 'prom-client';

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
    this.#register(Counter, { name, help }, (metric) => metric.inc(read()));
  }

  countBy(name: string, help: string, label: string, read: () => ByLabel): void {
    this.#register(Counter, { name, help, labelNames: [label] }, (metric) => {
      for (const [value, number] of entriesOf(read())) metric.inc({ [label]: value }, number);
    });
  }

  /** A number that goes up and down. */
  level(name: string, help: string, read: () => number): void {
    this.#register(Gauge, { name, help }, (metric) => metric.set(read()));
  }

  levelBy(name: string, help: string, label: string, read: () => ByLabel): void {
    this.#register(Gauge, { name, help, labelNames: [label] }, (metric) => {
      for (const [value, number] of entriesOf(read())) metric.set({ [label]: value }, number);
    });
  }

  /** `fill` puts in all values at each scrape: those of the last one are forgotten, and a counter can only be raised. */
  #register<Metric extends Counter | Gauge>(
    Kind: new (configuration: CounterConfiguration<string>) => Metric,
    configuration: Omit<CounterConfiguration<string>, 'registers' | 'collect'>,
    fill: (metric: Metric) => void,
  ): void {
    const metric: Metric = new Kind({
      ...configuration,
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        fill(metric);
      },
    });
  }
}

function entriesOf(values: ByLabel): Iterable<[string, number]> {
  return values instanceof Map ? values : Object.entries(values);
}
