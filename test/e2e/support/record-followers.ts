import { setTimeout as delay } from 'node:timers/promises';
import { type KinesisCalls, KinesisRefusal, type ReadRecords } from './kinesis-call.ts';
import { RecordLedger } from './record-ledger.ts';

/** Follows a stream over kills of the server: `run` again with calls to the next one. */
export interface RecordFollower {
  readonly ledger: RecordLedger;
  /** Follows until the server is gone. Throws KinesisRefusal. */
  run(calls: KinesisCalls): Promise<void>;
}

/** A connection that breaks is the end of a run; a refusal is not. */
export async function untilGone(calls: KinesisCalls, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof KinesisRefusal || !(error instanceof Error) || error.name === 'AssertionError')
      throw error;
    if (error.name === 'SyntaxError') throw error;
    if (!calls.isOver) await delay(5);
  }
}

/** Reads with GetRecords. Its iterators are never asked for again: those from before a kill must go on. */
export class PollingFollower implements RecordFollower {
  readonly ledger: RecordLedger;
  readonly #stream: string;
  readonly #iterators = new Map<string, string>();

  constructor(stream: string, shards: readonly string[]) {
    this.#stream = stream;
    this.ledger = new RecordLedger(`GetRecords of ${stream}`, shards);
  }

  async run(calls: KinesisCalls): Promise<void> {
    while (!calls.isOver) {
      await untilGone(calls, async () => {
        let isQuiet = true;
        for (const shard of this.ledger.open) if (await this.#poll(calls, shard)) isQuiet = false;
        if (isQuiet) await delay(10);
      });
    }
  }

  async #poll(calls: KinesisCalls, shard: string): Promise<boolean> {
    let iterator = this.#iterators.get(shard);
    if (iterator === undefined) {
      const input = { StreamName: this.#stream, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' };
      ({ ShardIterator: iterator } = await calls.call<{ ShardIterator: string }>('GetShardIterator', input));
    }
    const read = await calls.call<ReadRecords>('GetRecords', { ShardIterator: iterator, Limit: 1000 });
    this.ledger.take(shard, read.Records);
    if (read.NextShardIterator === undefined) this.ledger.end(shard, read.ChildShards ?? []);
    else this.#iterators.set(shard, read.NextShardIterator);
    return read.Records.length > 0;
  }
}

/** Is pushed to by SubscribeToShard, one connection a shard; goes on after the continuation number it was told last. */
export class SubscribedFollower implements RecordFollower {
  readonly ledger: RecordLedger;
  readonly #consumerArn: string;
  readonly #continuations = new Map<string, string>();

  constructor(stream: string, consumerArn: string, shards: readonly string[]) {
    this.#consumerArn = consumerArn;
    this.ledger = new RecordLedger(`SubscribeToShard of ${stream}`, shards);
  }

  async run(calls: KinesisCalls): Promise<void> {
    const followed = new Map<string, Promise<void>>();
    while (!calls.isOver) {
      for (const shard of this.ledger.open) {
        if (!followed.has(shard))
          followed.set(
            shard,
            untilGone(calls, () => this.#follow(calls, shard)),
          );
      }
      await Promise.race([delay(20), ...followed.values()]);
      await delay(5);
    }
    await Promise.all(followed.values());
  }

  async #follow(calls: KinesisCalls, shard: string): Promise<void> {
    const after = this.#continuations.get(shard);
    const events = calls.subscribe({
      ConsumerARN: this.#consumerArn,
      ShardId: shard,
      StartingPosition:
        after === undefined
          ? { Type: 'TRIM_HORIZON' }
          : { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after },
    });
    for await (const event of events) {
      this.ledger.take(shard, event.Records);
      if (event.ContinuationSequenceNumber === undefined) this.ledger.end(shard, event.ChildShards ?? []);
      else this.#continuations.set(shard, event.ContinuationSequenceNumber);
    }
  }
}
