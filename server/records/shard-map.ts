import type { Shard } from './shard.ts';

/** The shards of one stream: by id, and which open one takes a hash key. */
export class ShardMap {
  /** In the order of their making: a Map is in order of insertion, and indexes only grow. */
  readonly #byId = new Map<string, Shard>();
  /** Open ones by the beginning of their range: together they cover all keys. */
  #open: Shard[] = [];

  /** `shards`: in the order of their indexes. */
  constructor(shards: Iterable<Shard>) {
    for (const shard of shards) this.#byId.set(shard.id, shard);
    this.#sort();
  }

  get(id: string): Shard | undefined {
    return this.#byId.get(id);
  }

  /** In the order of their making. */
  all(): Shard[] {
    return [...this.#byId.values()];
  }

  /** By range. */
  get open(): readonly Shard[] {
    return this.#open;
  }

  get nextIndex(): number {
    return (this.all().at(-1)?.record.index ?? -1) + 1;
  }

  /** The open shard whose range has the key. */
  of(key: bigint): Shard {
    let low = 0;
    let high = this.#open.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#open[middle] as Shard).range.start <= key) low = middle;
      else high = middle - 1;
    }
    return this.#open[low] as Shard;
  }

  /** The shards that go on from this one. */
  childrenOf({ record }: Shard): Shard[] {
    return this.all().filter(
      (other) =>
        other.record.parentIndex === record.index || other.record.adjacentParentIndex === record.index,
    );
  }

  /** Takes new shards in; those that were closed are no longer written to. */
  add(shards: readonly Shard[]): void {
    for (const shard of shards) this.#byId.set(shard.id, shard);
    this.#sort();
  }

  remove({ id }: Shard): void {
    this.#byId.delete(id);
  }

  #sort(): void {
    this.#open = [...this.#byId.values()]
      .filter(({ isOpen }) => isOpen)
      .sort((a, b) => (a.range.start < b.range.start ? -1 : 1));
  }
}
