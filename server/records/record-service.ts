import type { HashKeyRange } from './hash-key.ts';
import type { StoredRecord } from './log/record.ts';

/**
 * Data streams: streams of records in shards (design.md §1), for every door: the Kinesis wire, REST and server-sent events,
 * detections. The implementation is `DataStreams` in data-streams.ts. Times are epoch ms.
 */

/** Why the service refused; the doors translate these. */
export type RecordErrorCode =
  | 'not-found'
  | 'already-exists'
  /** The stream or consumer is in a state that forbids it. */
  | 'in-use'
  | 'invalid-argument'
  | 'limit-exceeded'
  | 'throughput-exceeded'
  | 'write-failed'
  | 'closing';

export class RecordError extends Error {
  readonly code: RecordErrorCode;

  constructor(code: RecordErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordError';
    this.code = code;
  }
}

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';

/** A shard, open or closed. */
export interface ShardInfo {
  /** `shardId-` and twelve digits. */
  readonly id: string;
  readonly index: number;
  readonly parentId: string | undefined;
  /** After a merge. */
  readonly adjacentParentId: string | undefined;
  readonly range: HashKeyRange;
  readonly createdMs: number;
  readonly startingSequenceNumber: string;
  /** When it was closed by a split or merge, and the number at which it ends; `undefined` while it is open. */
  readonly closed: { readonly atMs: number; readonly endingSequenceNumber: string } | undefined;
}

/** A stream and all that is set of it. */
export interface DataStreamInfo {
  readonly name: string;
  readonly createdMs: number;
  readonly mode: StreamMode;
  /** Its shards are being split or merged. */
  readonly isUpdating: boolean;
  /** 24 to 8760. */
  readonly retentionHours: number;
  readonly maxRecordBytes: number;
  readonly warmThroughputMibPerSecond: number | undefined;
  /** `undefined`: not encrypted. Stored and shown; the bytes on disk are not changed by it. */
  readonly encryptionKeyId: string | undefined;
  readonly enhancedMonitoring: readonly string[];
  readonly policy: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Open and closed ones that still have records, in the order of their making. */
  readonly shards: readonly ShardInfo[];
}

export interface ConsumerInfo {
  readonly stream: string;
  readonly name: string;
  readonly createdMs: number;
  readonly policy: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RecordToPut {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly data: Uint8Array;
}

/** Where a record is: durable when it is told. */
export interface PutPlace {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

export interface ReadLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** Where a reader of one shard is: the ordinal of the next record (server/records/log/record.ts). */
export interface ShardPosition {
  readonly shardId: string;
  readonly ordinal: number;
}

/** Where to begin in a shard. `at`/`after` name sequence numbers. */
export type StartingPosition =
  | { readonly type: 'TRIM_HORIZON' | 'LATEST' }
  | {
      readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER';
      readonly sequenceNumber: string;
    }
  | { readonly type: 'AT_TIMESTAMP'; readonly atMs: number };

/** A record with its sequence number. */
export interface SequencedRecord extends StoredRecord {
  readonly sequenceNumber: string;
}

export interface ShardRead {
  readonly records: readonly SequencedRecord[];
  readonly next: ShardPosition;
  /** A number after which `next` begins: the last record's, or one that no record has. */
  readonly continuationSequenceNumber: string;
  /** The shard is closed and all of it was read. */
  readonly isAtEnd: boolean;
  /** How far the position is behind the newest record, by arrival; 0 at the tip. */
  readonly behindLatestMs: number;
  /** With `isAtEnd`: the shards that go on from here. */
  readonly children: readonly ShardInfo[];
}

export interface CreateStreamOptions {
  readonly mode: StreamMode;
  /** Default 1; on demand 4. */
  readonly shardCount?: number;
  readonly retentionHours?: number;
  readonly maxRecordBytes?: number;
  readonly warmThroughputMibPerSecond?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What can be set of a stream after it was made. */
export type StreamChange = Partial<
  Pick<
    DataStreamInfo,
    | 'mode'
    | 'retentionHours'
    | 'maxRecordBytes'
    | 'warmThroughputMibPerSecond'
    | 'encryptionKeyId'
    | 'enhancedMonitoring'
    | 'policy'
    | 'tags'
  >
>;

/** All methods throw RecordError. What changes is durable before they answer. */
export interface RecordService {
  /** In name order, from the one after `after` on. */
  list(options?: { readonly after?: string; readonly limit?: number }): DataStreamInfo[];
  stream(name: string): DataStreamInfo | undefined;
  create(name: string, options: CreateStreamOptions, nowMs: number): DataStreamInfo;
  change(name: string, change: StreamChange): DataStreamInfo;
  /** Ends its followers, deletes its records, consumers and leases. */
  delete(name: string): Promise<void>;

  /** Closes the shard and makes two; `newStartingHashKey` begins the second. */
  split(name: string, shardId: string, newStartingHashKey: bigint, nowMs: number): Promise<DataStreamInfo>;
  /** Closes two neighbours and makes one. */
  merge(name: string, shardId: string, adjacentShardId: string, nowMs: number): Promise<DataStreamInfo>;
  /** Splits and merges until there are so many open shards of the same size. */
  reshard(name: string, shardCount: number, nowMs: number): Promise<DataStreamInfo>;

  /** One record; resolves when it is durable. */
  put(name: string, record: RecordToPut, nowMs: number): Promise<PutPlace>;
  /** Many, each with its own answer, in the same order; those for one shard are written together. */
  putMany(
    name: string,
    records: readonly RecordToPut[],
    nowMs: number,
  ): Promise<readonly (PutPlace | RecordError)[]>;

  /** Where a reader begins. `invalid-argument` for a sequence number of another shard or a time to come. */
  position(name: string, shardId: string, starting: StartingPosition, nowMs: number): Promise<ShardPosition>;
  read(name: string, position: ShardPosition, limits: ReadLimits, nowMs: number): Promise<ShardRead>;
  /** Resolves when the shard has records at or behind the position, is closed, or is deleted; or when the signal aborts. */
  waitForMore(name: string, position: ShardPosition, signal: AbortSignal): Promise<void>;

  registerConsumer(
    stream: string,
    consumer: string,
    tags: Readonly<Record<string, string>>,
    nowMs: number,
  ): ConsumerInfo;
  consumer(stream: string, consumer: string): ConsumerInfo | undefined;
  consumers(stream: string, options?: { readonly after?: string; readonly limit?: number }): ConsumerInfo[];
  changeConsumer(
    stream: string,
    consumer: string,
    change: Partial<Pick<ConsumerInfo, 'tags' | 'policy'>>,
  ): ConsumerInfo;
  deregisterConsumer(stream: string, consumer: string): void;
}
