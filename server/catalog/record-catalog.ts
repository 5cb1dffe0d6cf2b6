import type { Tags } from './tag-catalog.ts';

/** What is known of data streams, their shards and consumers, apart from the records. Durable before a method answers. */

/** A shard as it is stored; everything else follows from these. */
export interface ShardRecord {
  readonly index: number;
  readonly parentIndex: number | undefined;
  readonly adjacentParentIndex: number | undefined;
  /** Both ends belong to it. */
  readonly rangeStart: bigint;
  readonly rangeEnd: bigint;
  readonly createdMs: number;
  readonly closedMs: number | undefined;
}

/** A data stream with what can be set of it. */
export interface DataStreamRecord {
  readonly name: string;
  readonly createdMs: number;
  readonly isOnDemand: boolean;
  readonly retentionHours: number;
  readonly maxRecordBytes: number;
  readonly warmThroughputMibPerSecond: number | undefined;
  readonly encryptionKeyId: string | undefined;
  readonly enhancedMonitoring: readonly string[];
  readonly policy: string | undefined;
  readonly tags: Tags;
  /** Its records are being deleted: to be finished after a restart, and shown to nobody. */
  readonly isDeleting: boolean;
}

/** A consumer that was registered for enhanced fan-out. */
export interface DataConsumerRecord {
  readonly stream: string;
  readonly name: string;
  readonly createdMs: number;
  readonly policy: string | undefined;
  readonly tags: Tags;
}

export interface RecordCatalog {
  /** All streams, also those being deleted. */
  listStreams(): DataStreamRecord[];
  /** Of one stream, by index. */
  listShards(stream: string): ShardRecord[];
  /** Throws CatalogError `already-exists`. */
  insertStream(stream: DataStreamRecord, shards: readonly ShardRecord[]): void;
  /** Throws CatalogError `not-found`. */
  updateStream(stream: DataStreamRecord): void;
  /** With its shards and consumers. */
  deleteStream(name: string): void;
  /** Closes shards and adds those that go on from them: all of it or nothing. */
  replaceShards(
    stream: string,
    closed: readonly { readonly index: number; readonly closedMs: number }[],
    added: readonly ShardRecord[],
  ): void;
  deleteShard(stream: string, index: number): void;
  /** Of all streams. */
  listConsumers(): DataConsumerRecord[];
  /** Throws CatalogError `already-exists`, `not-found` without its stream. */
  insertConsumer(consumer: DataConsumerRecord): void;
  updateConsumer(consumer: DataConsumerRecord): void;
  deleteConsumer(stream: string, name: string): void;
}
