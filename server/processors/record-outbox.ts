import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { NumberedRecord, ProcessorCatalog, WaitingRecord } from '../catalog/processor-catalog.ts';
import { RecordError, type RecordService } from '../records/record-service.ts';

export interface RecordOutboxOptions {
  readonly catalog: Pick<ProcessorCatalog, 'addRecord' | 'waitingRecords' | 'removeRecords' | 'countRecords'>;
  readonly records: Pick<RecordService, 'put'>;
  /** Records of one processor that wait; the oldest goes for a new one. */
  readonly maxWaiting: number;
  /** Before the second try of a record; twice as long before each further one, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly logger: Pick<Logger, 'warn' | 'error' | 'info'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What the outbox has counted since the start; read by the metrics. */
export interface OutboxCounters {
  delivered: number;
  /** Tries that failed; the record is tried again. */
  retried: number;
  /** Given up: too many waited, or the data stream will never take it. */
  dropped: number;
}

/** Records that are read from the catalog at once. */
const BATCH = 100;

/**
 * Brings the records of stream processors to their data streams: durable from the moment they are taken, in order, each at least
 * once. While a data stream does not take them they wait in the catalog, also over restarts; one processor's hold up nobody
 * else's.
 */
export class RecordOutbox {
  readonly counters: OutboxCounters = { delivered: 0, retried: 0, dropped: 0 };
  readonly #options: RecordOutboxOptions;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #problems = new Map<string, string>();
  readonly #closing = new AbortController();

  constructor(options: RecordOutboxOptions) {
    this.#options = options;
  }

  /** Goes on with what waited when the server ended. */
  start(): void {
    for (const processor of this.waiting().keys()) this.#wake(processor);
  }

  /** How many records wait, by processor. */
  waiting(): ReadonlyMap<string, number> {
    return this.#options.catalog.countRecords();
  }

  /** Why the records of a processor wait; `undefined` while they do not. */
  problemOf(processor: string): string | undefined {
    return this.#problems.get(processor);
  }

  /** Takes a record: it is durable when this returns. Throws CatalogError `not-found` when the processor was deleted. */
  add(record: WaitingRecord): void {
    this.counters.dropped += this.#options.catalog.addRecord(record, this.#options.maxWaiting);
    this.#wake(record.processor);
  }

  /** What waits stays in the catalog. Resolves when nothing is being delivered any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#lanes.values());
  }

  #wake(processor: string): void {
    if (this.#lanes.has(processor) || this.#closing.signal.aborted) return;
    const lane = this.#deliverAll(processor).catch((err: unknown) => {
      this.#lanes.delete(processor);
      this.#options.logger.error({ err, processor }, 'the records of a stream processor are stuck');
    });
    this.#lanes.set(processor, lane);
  }

  async #deliverAll(processor: string): Promise<void> {
    // So that the lane is known before it can end.
    await Promise.resolve();
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const batch = this.#options.catalog.waitingRecords(processor, BATCH);
      if (batch.length === 0) break;
      const problem = await this.#deliver(batch);
      if (problem === undefined) {
        if (failures > 0) this.#options.logger.info({ processor }, 'records are delivered again');
        failures = 0;
        this.#problems.delete(processor);
        continue;
      }
      this.counters.retried += 1;
      this.#problems.set(processor, problem.message);
      if (failures === 0) this.#options.logger.warn({ processor, reason: problem.message }, 'records wait');
      await this.#pause(failures);
      failures += 1;
    }
    // Nobody can have added a record since the catalog was asked.
    this.#lanes.delete(processor);
    this.#problems.delete(processor);
  }

  /** One after the other, so that they stay in order; answers what stopped it. */
  async #deliver(batch: readonly NumberedRecord[]): Promise<RecordError | undefined> {
    const done: number[] = [];
    try {
      for (const { seq, dataStream, partitionKey, data, processor } of batch) {
        try {
          await this.#options.records.put(dataStream, { partitionKey, data }, this.#options.now());
          this.counters.delivered += 1;
        } catch (error) {
          if (!(error instanceof RecordError)) throw error;
          if (error.code !== 'invalid-argument') return error;
          this.counters.dropped += 1;
          this.#options.logger.warn({ processor, reason: error.message }, 'a record was refused');
        }
        done.push(seq);
      }
      return undefined;
    } finally {
      this.#options.catalog.removeRecords(done);
    }
  }

  async #pause(failures: number): Promise<void> {
    const { backoffMs, maxBackoffMs } = this.#options;
    const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(failures, 20));
    try {
      await delay(pauseMs, undefined, { signal: this.#closing.signal });
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    }
  }
}
