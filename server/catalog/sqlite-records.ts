import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { CatalogError } from './catalog-error.ts';
import type { DataConsumerRecord, DataStreamRecord, RecordCatalog, ShardRecord } from './record-catalog.ts';
import { insert, inTransaction } from './sqlite-statements.ts';

interface StreamRow {
  readonly name: string;
  readonly created_ms: number;
  readonly is_deleting: number;
  readonly settings: string;
}

interface ShardRow {
  readonly shard_index: number;
  readonly parent_index: number | null;
  readonly adjacent_parent_index: number | null;
  /** Decimal: SQLite's integers have 64 bits. */
  readonly range_start: string;
  readonly range_end: string;
  readonly created_ms: number;
  readonly closed_ms: number | null;
}

interface ConsumerRow {
  readonly stream: string;
  readonly name: string;
  readonly created_ms: number;
  readonly settings: string;
}

const tags = z.record(z.string(), z.string());

/** What can be set of a stream, as one JSON document: it is only ever read and written as a whole. */
const streamSettings = z.object({
  isOnDemand: z.boolean(),
  retentionHours: z.number(),
  maxRecordBytes: z.number(),
  warmThroughputMibPerSecond: z.number().exactOptional(),
  encryptionKeyId: z.string().exactOptional(),
  enhancedMonitoring: z.array(z.string()),
  policy: z.string().exactOptional(),
  tags,
});

const consumerSettings = z.object({ policy: z.string().exactOptional(), tags });

/** Data streams, shards and consumers in SQLite. */
export class SqliteRecords implements RecordCatalog {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  listStreams(): DataStreamRecord[] {
    return (this.#statements.listStreams.all() as unknown as StreamRow[]).map(streamOfRow);
  }

  listShards(stream: string): ShardRecord[] {
    return (this.#statements.listShards.all(stream) as unknown as ShardRow[]).map(shardOfRow);
  }

  insertStream(stream: DataStreamRecord, shards: readonly ShardRecord[]): void {
    inTransaction(this.#database, () => {
      insert(this.#statements.insertStream, rowOfStream(stream), `data stream ${stream.name}`);
      for (const shard of shards) this.#insertShard(stream.name, shard);
    });
  }

  updateStream(stream: DataStreamRecord): void {
    const { name, is_deleting, settings } = rowOfStream(stream);
    if (this.#statements.updateStream.run({ name, is_deleting, settings }).changes > 0) return;
    throw new CatalogError('not-found', `data stream ${name} is not in the catalog`);
  }

  deleteStream(name: string): void {
    this.#statements.deleteStream.run(name);
  }

  replaceShards(
    stream: string,
    closed: readonly { readonly index: number; readonly closedMs: number }[],
    added: readonly ShardRecord[],
  ): void {
    inTransaction(this.#database, () => {
      for (const { index, closedMs } of closed) {
        this.#statements.closeShard.run({ stream, shard_index: index, closed_ms: closedMs });
      }
      for (const shard of added) this.#insertShard(stream, shard);
    });
  }

  deleteShard(stream: string, index: number): void {
    this.#statements.deleteShard.run(stream, index);
  }

  listConsumers(): DataConsumerRecord[] {
    return (this.#statements.listConsumers.all() as unknown as ConsumerRow[]).map((row) => {
      const { policy, tags } = consumerSettings.parse(JSON.parse(row.settings));
      return { stream: row.stream, name: row.name, createdMs: row.created_ms, policy, tags };
    });
  }

  insertConsumer(consumer: DataConsumerRecord): void {
    const { stream, name, createdMs, policy, tags } = consumer;
    const settings = JSON.stringify({ policy, tags });
    insert(
      this.#statements.insertConsumer,
      { stream, name, created_ms: createdMs, settings },
      `consumer ${name} of data stream ${stream}`,
    );
  }

  updateConsumer({ stream, name, policy, tags }: DataConsumerRecord): void {
    const settings = JSON.stringify({ policy, tags });
    if (this.#statements.updateConsumer.run({ stream, name, settings }).changes > 0) return;
    throw new CatalogError('not-found', `consumer ${name} of data stream ${stream} is not in the catalog`);
  }

  deleteConsumer(stream: string, name: string): void {
    this.#statements.deleteConsumer.run(stream, name);
  }

  #insertShard(stream: string, shard: ShardRecord): void {
    const row = {
      stream,
      shard_index: shard.index,
      parent_index: shard.parentIndex ?? null,
      adjacent_parent_index: shard.adjacentParentIndex ?? null,
      range_start: shard.rangeStart.toString(),
      range_end: shard.rangeEnd.toString(),
      created_ms: shard.createdMs,
      closed_ms: shard.closedMs ?? null,
    };
    insert(this.#statements.insertShard, row, `shard ${shard.index} of data stream ${stream}`);
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    listStreams: database.prepare('SELECT * FROM data_streams ORDER BY name'),
    listShards: database.prepare('SELECT * FROM data_shards WHERE stream = ? ORDER BY shard_index'),
    insertStream: database.prepare(
      `INSERT INTO data_streams (name, created_ms, is_deleting, settings)
       VALUES (:name, :created_ms, :is_deleting, :settings)`,
    ),
    updateStream: database.prepare(
      'UPDATE data_streams SET is_deleting = :is_deleting, settings = :settings WHERE name = :name',
    ),
    deleteStream: database.prepare('DELETE FROM data_streams WHERE name = ?'),
    insertShard: database.prepare(
      `INSERT INTO data_shards (stream, shard_index, parent_index, adjacent_parent_index, range_start, range_end,
                                created_ms, closed_ms)
       VALUES (:stream, :shard_index, :parent_index, :adjacent_parent_index, :range_start, :range_end,
               :created_ms, :closed_ms)`,
    ),
    closeShard: database.prepare(
      'UPDATE data_shards SET closed_ms = :closed_ms WHERE stream = :stream AND shard_index = :shard_index',
    ),
    deleteShard: database.prepare('DELETE FROM data_shards WHERE stream = ? AND shard_index = ?'),
    listConsumers: database.prepare('SELECT * FROM data_consumers ORDER BY stream, name'),
    insertConsumer: database.prepare(
      `INSERT INTO data_consumers (stream, name, created_ms, settings)
       VALUES (:stream, :name, :created_ms, :settings)`,
    ),
    updateConsumer: database.prepare(
      'UPDATE data_consumers SET settings = :settings WHERE stream = :stream AND name = :name',
    ),
    deleteConsumer: database.prepare('DELETE FROM data_consumers WHERE stream = ? AND name = ?'),
  };
}

function rowOfStream({ name, createdMs, isDeleting, ...settings }: DataStreamRecord) {
  return {
    name,
    created_ms: createdMs,
    is_deleting: isDeleting ? 1 : 0,
    settings: JSON.stringify(settings),
  };
}

function streamOfRow(row: StreamRow): DataStreamRecord {
  const settings = streamSettings.parse(JSON.parse(row.settings));
  return {
    ...settings,
    name: row.name,
    createdMs: row.created_ms,
    isDeleting: row.is_deleting !== 0,
    warmThroughputMibPerSecond: settings.warmThroughputMibPerSecond,
    encryptionKeyId: settings.encryptionKeyId,
    policy: settings.policy,
  };
}

function shardOfRow(row: ShardRow): ShardRecord {
  return {
    index: row.shard_index,
    parentIndex: row.parent_index ?? undefined,
    adjacentParentIndex: row.adjacent_parent_index ?? undefined,
    rangeStart: BigInt(row.range_start),
    rangeEnd: BigInt(row.range_end),
    createdMs: row.created_ms,
    closedMs: row.closed_ms ?? undefined,
  };
}
