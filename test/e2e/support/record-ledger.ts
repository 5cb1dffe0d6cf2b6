import type { ChildShard, KinesisRecord } from './kinesis-call.ts';

/** What the writers of the crash run put: the count of a key. */
export interface CountedRecord {
  readonly key: string;
  readonly count: number;
}

/**
 * All that one follower has seen of a stream, and whether it may be so: each record once, numbers of a shard that grow, counts of a
 * key that grow also where its shards are split and merged. Children are followed when all their parents have ended.
 */
export class RecordLedger {
  readonly name: string;
  /** Of each shard, in the order in which they came. */
  readonly numbers = new Map<string, string[]>();
  /** What must not be, in words. */
  readonly faults: string[] = [];
  readonly #seen = new Set<string>();
  readonly #lastCounts = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #waiting = new Map<string, readonly string[]>();

  constructor(name: string, shards: readonly string[]) {
    this.name = name;
    for (const shard of shards) this.numbers.set(shard, []);
  }

  /** Shards that are to be followed now. */
  get open(): string[] {
    return [...this.numbers.keys()].filter((shard) => !this.#ended.has(shard));
  }

  get count(): number {
    return this.#seen.size;
  }

  has(shard: string, sequenceNumber: string): boolean {
    return this.#seen.has(`${shard}/${sequenceNumber}`);
  }

  take(shard: string, records: readonly KinesisRecord[]): void {
    const numbers = this.numbers.get(shard) ?? [];
    for (const { SequenceNumber: number, Data } of records) {
      const { key, count } = JSON.parse(Buffer.from(Data, 'base64').toString()) as CountedRecord;
      const last = numbers.at(-1);
      if (last !== undefined && BigInt(last) >= BigInt(number))
        this.#fault(`${shard}: ${number} after ${last}`);
      const lastCount = this.#lastCounts.get(key) ?? 0;
      if (count <= lastCount) this.#fault(`${shard}: ${key} has ${count} after ${lastCount}`);
      this.#lastCounts.set(key, count);
      this.#seen.add(`${shard}/${number}`);
      numbers.push(number);
    }
  }

  /** The shard has ended, its children go on. */
  end(shard: string, children: readonly ChildShard[]): void {
    this.#ended.add(shard);
    if (children.length === 0) this.#fault(`${shard} ended without children`);
    for (const { ShardId, ParentShards } of children) this.#waiting.set(ShardId, ParentShards);
    for (const [child, parents] of this.#waiting) {
      if (!parents.every((parent) => this.#ended.has(parent))) continue;
      this.#waiting.delete(child);
      this.numbers.set(child, []);
    }
  }

  #fault(what: string): void {
    this.faults.push(`${this.name}: ${what}`);
  }
}
