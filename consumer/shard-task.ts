import { RecordConsumerError } from './consumer-error.ts';
import type { ConsumedRecord, ConsumerSettings } from './consumer-options.ts';
import type { GroupApi, Lease, ReadFrom, ShardRecord, ShardRecords } from './group-api.ts';
import { KplRecordError, looksAggregated, openAggregated } from './kpl-record.ts';
import { backoffMs, pause } from './pause.ts';

/** A place in a shard, behind which reading goes on. */
interface Place {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number | undefined;
}

export interface ShardProgress {
  readonly shardId: string;
  /** Handed over and processed. */
  readonly records: number;
  readonly behindMs: number | undefined;
}

const SHARD_END: Place = { sequenceNumber: 'SHARD_END', subSequenceNumber: undefined };

/**
 * Reads one shard under one lease: batch after batch, each handed over and then checkpointed, until the shard ends, the lease is lost,
 * or the task is told to finish.
 */
export class ShardTask {
  readonly lease: Lease;
  /** Resolves when nothing is going on any more; rejects with what no retry can mend. */
  readonly done: Promise<void>;
  readonly #settings: ConsumerSettings;
  readonly #api: GroupApi;
  readonly #lost = new AbortController();
  readonly #finishing = new AbortController();
  /** Either of both. */
  readonly #over: AbortSignal;
  #processed: Place | undefined;
  #checkpointedMs = performance.now();
  #keepsLease = false;
  #failures = 0;
  #records = 0;
  #behindMs: number | undefined;

  constructor(settings: ConsumerSettings, api: GroupApi, lease: Lease) {
    this.#settings = settings;
    this.#api = api;
    this.lease = lease;
    this.#over = AbortSignal.any([this.#lost.signal, this.#finishing.signal]);
    this.done = this.#run();
  }

  get progress(): ShardProgress {
    return { shardId: this.lease.shardId, records: this.#records, behindMs: this.#behindMs };
  }

  /** Another worker may have the shard: drops everything but a handler that is running. */
  lose(): void {
    if (this.#lost.signal.aborted) return;
    this.#lost.abort();
    this.#tell('lease-lost');
  }

  /** Ends after the batch that is being processed, checkpoints it, and gives the shard up. */
  giveUp(): void {
    this.#finishing.abort();
  }

  /** The same, but the shard is kept: the worker leaves its group, which frees all it has. */
  finish(): void {
    this.#keepsLease = true;
    this.#finishing.abort();
  }

  async #run(): Promise<void> {
    try {
      const hasEnded = await this.#readAll();
      if (this.#lost.signal.aborted) return;
      if (hasEnded) {
        await this.#checkpoint(SHARD_END);
        if (!this.#lost.signal.aborted) this.#tell('shard-ended');
        return;
      }
      await this.#flush();
      if (this.#lost.signal.aborted || this.#keepsLease) return;
      await this.#retried(this.#lost.signal, () => this.#api.release(this.lease, this.#lost.signal));
      if (!this.#lost.signal.aborted) this.#tell('lease-released');
    } catch (error) {
      if (error instanceof RecordConsumerError && error.code === 'lease-lost') {
        this.lose();
        return;
      }
      // Retention has deleted what was left of a closed shard.
      if (error instanceof RecordConsumerError && error.code === 'not-found') {
        this.#tell('shard-gone');
        return;
      }
      throw error;
    }
  }

  /** Answers true at the end of the shard, false when told to end before. */
  async #readAll(): Promise<boolean> {
    const { sequenceNumber, subSequenceNumber } = this.lease;
    // An aggregated record that was not processed as a whole is read again.
    let from: ReadFrom = subSequenceNumber === null ? { after: sequenceNumber } : { at: sequenceNumber };
    const isProcessed = (record: ConsumedRecord): boolean =>
      record.sequenceNumber === sequenceNumber &&
      (record.subSequenceNumber ?? Number.POSITIVE_INFINITY) <= (subSequenceNumber ?? -1);
    while (!this.#over.aborted) {
      const read = await this.#read(from);
      if (read === undefined) return false;
      this.#behindMs = read.behindMs;
      const records = read.records
        .flatMap((record) => this.#open(record))
        .filter((record) => !isProcessed(record));
      if (!(await this.#process(records, read.behindMs))) return false;
      if (this.#isCheckpointDue) await this.#flush();
      if (read.isAtEnd) return true;
      from = { after: read.after };
    }
    return false;
  }

  /** `undefined`: told to end. Waits for records, but not longer than a checkpoint may wait. */
  #read(from: ReadFrom): Promise<ShardRecords | undefined> {
    const { maxRecords, waitMs } = this.#settings;
    return this.#retried(this.#over, () => {
      const limits = { maxRecords, waitMs: Math.min(waitMs, this.#checkpointDueInMs) };
      return this.#api.read(this.lease.shardId, from, limits, this.#over);
    });
  }

  /** Hands records over in batches. Answers false when told to end before all were. */
  async #process(records: readonly ConsumedRecord[], behindMs: number): Promise<boolean> {
    const { maxRecords } = this.#settings;
    for (let at = 0; at < records.length; at += maxRecords) {
      if (this.#over.aborted) return false;
      const batch = records.slice(at, at + maxRecords);
      if (!(await this.#handle(batch, behindMs))) return false;
      const last = batch.at(-1) as ConsumedRecord;
      const isWhole = records[at + batch.length]?.sequenceNumber !== last.sequenceNumber;
      this.#processed = {
        sequenceNumber: last.sequenceNumber,
        subSequenceNumber: isWhole ? undefined : last.subSequenceNumber,
      };
      this.#records += batch.length;
      if (this.#isCheckpointDue) await this.#flush();
    }
    return true;
  }

  /** Calls the handler until it takes the batch. Throws RecordConsumerError `handler-failed`. */
  async #handle(batch: readonly ConsumedRecord[], behindMs: number): Promise<boolean> {
    const { onRecords, onEvent, maxHandlerFailures } = this.#settings;
    const { shardId } = this.lease;
    for (let attempt = 1; ; attempt++) {
      try {
        await onRecords(batch, { shardId, signal: this.#lost.signal, behindMs });
        return !this.#lost.signal.aborted;
      } catch (error) {
        if (this.#lost.signal.aborted) return false;
        onEvent({ type: 'handler-failed', shardId, attempt, error });
        if (attempt >= maxHandlerFailures) {
          // What was processed before is not to be done again.
          await this.#flush();
          const message = `the handler failed ${attempt} times at ${batch[0]?.sequenceNumber} of ${shardId}`;
          throw new RecordConsumerError('handler-failed', message, { isRetryable: false }, { cause: error });
        }
        await pause(backoffMs(attempt, this.#settings), this.#over);
        if (this.#over.aborted) return false;
      }
    }
  }

  get #checkpointDueInMs(): number {
    if (this.#processed === undefined) return Number.POSITIVE_INFINITY;
    const dueMs = this.#checkpointedMs + this.#settings.checkpointEveryMs;
    return Math.max(0, dueMs - performance.now());
  }

  get #isCheckpointDue(): boolean {
    return this.#checkpointDueInMs === 0;
  }

  /** Checkpoints what was processed since the last time. */
  async #flush(): Promise<void> {
    if (this.#processed === undefined) return;
    await this.#checkpoint(this.#processed);
    this.#processed = undefined;
  }

  async #checkpoint(to: Place): Promise<void> {
    const { signal } = this.#lost;
    await this.#retried(signal, () => this.#api.checkpoint(this.lease, to, signal));
    if (signal.aborted) return;
    this.#checkpointedMs = performance.now();
    this.#settings.onEvent({ type: 'checkpoint', shardId: this.lease.shardId, ...to });
  }

  /** Tries until it succeeds; `undefined` when the signal aborts before. Rethrows what no retry can mend. */
  async #retried<Answer>(signal: AbortSignal, call: () => Promise<Answer>): Promise<Answer | undefined> {
    while (!signal.aborted) {
      try {
        const answer = await call();
        this.#failures = 0;
        return answer;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof RecordConsumerError && error.isRetryable)) throw error;
        this.#failures += 1;
        const delayMs = backoffMs(this.#failures, this.#settings);
        this.#settings.onEvent({ type: 'retrying', error, delayMs });
        await pause(delayMs, signal);
      }
    }
    return undefined;
  }

  /** A record, or the records within it. */
  #open(record: ShardRecord): ConsumedRecord[] {
    const { shardId } = this.lease;
    const { sequenceNumber, arrivalMs } = record;
    const data = Buffer.from(record.data, 'base64');
    const plain = {
      shardId,
      sequenceNumber,
      subSequenceNumber: undefined,
      partitionKey: record.partitionKey,
      explicitHashKey: record.explicitHashKey ?? undefined,
      data,
      arrivalMs,
    };
    if (!looksAggregated(data)) return [plain];
    try {
      return openAggregated(data).map((each, subSequenceNumber) => ({
        ...plain,
        ...each,
        subSequenceNumber,
      }));
    } catch (error) {
      if (!(error instanceof KplRecordError)) throw error;
      this.#settings.onEvent({ type: 'malformed-aggregate', shardId, sequenceNumber });
      return [plain];
    }
  }

  #tell(type: 'lease-lost' | 'lease-released' | 'shard-ended' | 'shard-gone'): void {
    this.#settings.onEvent({ type, shardId: this.lease.shardId });
  }
}
