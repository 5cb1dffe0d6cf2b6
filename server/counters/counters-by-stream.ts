import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from './labelled-streams.ts';

/**
 * Counters of each stream, for metrics with the label `stream`. Bounded: streams beyond MAX_LABELLED_STREAMS are counted together, and those
 * that are deleted are forgotten.
 */
export class CountersByStream<Counters> {
  readonly #make: () => Counters;
  readonly #streams = new Map<string, Counters>();

  constructor(make: () => Counters) {
    this.#make = make;
  }

  /** Those of one stream. */
  of(stream: string): Counters {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const isFull = this.#streams.size >= MAX_LABELLED_STREAMS && stream !== OTHER_STREAMS;
    if (isFull) return this.of(OTHER_STREAMS);
    const counters = this.#make();
    this.#streams.set(stream, counters);
    return counters;
  }

  /** One number of each stream, by its name. */
  by(read: (counters: Counters) => number): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#streams, ([stream, counters]) => [stream, read(counters)]));
  }

  /** The stream was deleted. */
  forget(stream: string): void {
    this.#streams.delete(stream);
  }
}
