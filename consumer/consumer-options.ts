import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { RecordConsumerError } from './consumer-error.ts';

/** A record as it is handed over; those within an aggregated one each on their own. */
export interface ConsumedRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Counts the records within an aggregated one from 0; `undefined`: the record is not aggregated. */
  readonly subSequenceNumber: number | undefined;
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  readonly data: Uint8Array;
  /** When the server accepted it, epoch ms. */
  readonly arrivalMs: number;
}

/** Where a batch comes from. */
export interface BatchContext {
  readonly shardId: string;
  /** Aborted when the shard was lost to another worker: what the handler does from then on is done twice. */
  readonly signal: AbortSignal;
  /** How far behind the newest record of the shard the batch is. */
  readonly behindMs: number;
}

export type ConsumerEvent =
  | { readonly type: 'joined'; readonly session: number }
  | { readonly type: 'lease-granted'; readonly shardId: string; readonly sequenceNumber: string }
  | {
      readonly type: 'lease-lost' | 'lease-released' | 'shard-ended' | 'shard-gone';
      readonly shardId: string;
    }
  | {
      readonly type: 'checkpoint';
      readonly shardId: string;
      readonly sequenceNumber: string;
      readonly subSequenceNumber: number | undefined;
    }
  | {
      readonly type: 'handler-failed';
      readonly shardId: string;
      readonly attempt: number;
      readonly error: unknown;
    }
  /** It looks like one and cannot be opened: it is handed over as it is. */
  | { readonly type: 'malformed-aggregate'; readonly shardId: string; readonly sequenceNumber: string }
  | { readonly type: 'retrying'; readonly error: RecordConsumerError; readonly delayMs: number }
  | { readonly type: 'left' };

export interface RecordConsumerOptions {
  /** The server, e.g. `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  readonly stream: string;
  readonly group: string;
  /** Unique in its group; default: host name, process id and something random. */
  readonly worker?: string | undefined;
  /** Secret of a key with the right to view the stream; asked for with each call when it is a function. None in open mode. */
  readonly key?: string | (() => string | Promise<string>) | undefined;
  /**
   * Called with records of one shard in their order, one batch after the other; for several shards at once. What it has
   * returned from is processed. When it throws it is called again with the same records.
   */
  readonly onRecords: (records: readonly ConsumedRecord[], batch: BatchContext) => void | Promise<void>;
  /** Where the group begins when it is new; default TRIM_HORIZON. */
  readonly startAt?: 'TRIM_HORIZON' | 'LATEST' | Date | undefined;
  /** A worker that is silent for so long loses its shards; default 10 s, at least 1 s. */
  readonly leaseMs?: number | undefined;
  /** How often the worker says that it is alive; default a tenth of `leaseMs`. */
  readonly heartbeatMs?: number | undefined;
  /** Records of a batch at most; default 500, at most 1000. */
  readonly maxRecords?: number | undefined;
  /** How long the server holds back the answer to a read when there are no records; default 10 s. */
  readonly waitMs?: number | undefined;
  /** Checkpoints are set after a batch, but not more often than this; default 250 ms, 0: after each. */
  readonly checkpointEveryMs?: number | undefined;
  /** Failures of the handler with the same records before the consumer ends; default 5. */
  readonly maxHandlerFailures?: number | undefined;
  /** First pause after a failure, doubled up to `maxBackoffMs`, shortened by chance by up to a half; default 100 ms. */
  readonly backoffMs?: number | undefined;
  /** Default 5 s. */
  readonly maxBackoffMs?: number | undefined;
  readonly onEvent?: ((event: ConsumerEvent) => void) | undefined;
  /** Stops the consumer as `stop` does. */
  readonly signal?: AbortSignal | undefined;
}

/** The options with their defaults. */
export type ConsumerSettings = ReturnType<typeof settingsOf>;

const MAX_RECORDS = 1000;
const MAX_WAIT_MS = 30_000;

export function settingsOf(options: RecordConsumerOptions) {
  const leaseMs = Math.max(1000, options.leaseMs ?? 10_000);
  return {
    ...options,
    endpoint: options.endpoint.replace(/\/+$/, ''),
    worker: options.worker ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    startAt: options.startAt ?? 'TRIM_HORIZON',
    leaseMs,
    heartbeatMs: options.heartbeatMs ?? leaseMs / 10,
    maxRecords: Math.max(1, Math.min(MAX_RECORDS, options.maxRecords ?? 500)),
    waitMs: Math.min(MAX_WAIT_MS, options.waitMs ?? 10_000),
    checkpointEveryMs: options.checkpointEveryMs ?? 250,
    maxHandlerFailures: options.maxHandlerFailures ?? 5,
    backoffMs: options.backoffMs ?? 100,
    maxBackoffMs: options.maxBackoffMs ?? 5000,
    onEvent: options.onEvent ?? ((): void => undefined),
  };
}
