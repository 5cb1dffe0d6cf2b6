import { type Clock, systemClock } from '../../fragments/log/clock.ts';
import { CatalogError } from '../catalog/catalog-error.ts';
import type { DataConsumerRecord, DataStreamRecord, RecordCatalog } from '../catalog/record-catalog.ts';
import { DataStream } from './data-stream.ts';
import type { RecordStore } from './log/record-store.ts';
import { RecordCounters } from './record-counters.ts';
import {
  type ConsumerInfo,
  type CreateStreamOptions,
  type DataStreamInfo,
  type PutPlace,
  type ReadLimits,
  RecordError,
  type RecordService,
  type RecordToPut,
  type ShardPosition,
  type ShardRead,
  type StartingPosition,
  type StreamChange,
} from './record-service.ts';
import type { Shard } from './shard.ts';
import { WriteThrottle } from './throttle.ts';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
const DEFAULT_RETENTION_HOURS = 24;
/** "starts at 4 MB/s and 4,000 records/s" (kinesis-data-streams.md §6). */
const ON_DEMAND_SHARDS = 4;
/** What a shard takes in a second: 1 MB and 1,000 records (kinesis-data-streams.md §4). */
const SHARD_LIMITS = { bytesPerSecond: MIB, recordsPerSecond: 1000 };
/** How often expired records are looked for. */
const RETENTION_INTERVAL_MS = 60_000;
/** Streams whose logs nobody has opened are looked at so many a round: opening all of them at once helps nobody. */
const UNOPENED_A_ROUND = 50;

/** Something the operator should read. */
export type DataStreamsEvent =
  | { readonly type: 'split-hot-shard'; readonly stream: string; readonly shardId: string }
  | { readonly type: 'failed'; readonly stream: string; readonly what: string; readonly error: unknown };

export interface DataStreamsOptions {
  readonly catalog: RecordCatalog;
  readonly store: RecordStore;
  readonly clock?: Clock;
  /** AWS's limits of a shard's input; default true. */
  readonly enforceLimits?: boolean;
  readonly maxConsumersPerStream?: number;
  readonly onEvent?: (event: DataStreamsEvent) => void;
}

/** All data streams of this server. */
export class DataStreams implements RecordService {
  readonly counters = new RecordCounters();
  readonly #options: DataStreamsOptions;
  readonly #clock: Clock;
  readonly #streams = new Map<string, DataStream>();
  readonly #consumers = new Map<string, DataConsumerRecord>();
  readonly #background = new Set<Promise<void>>();
  #sweepAfter = '';
  #cancelRetention: (() => void) | undefined;
  #isClosed = false;

  constructor(options: DataStreamsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    for (const record of options.catalog.listStreams()) {
      if (record.isDeleting) this.#inBackground(record.name, 'deletion', () => this.#removeFiles(record));
      else this.#adopt(record);
    }
    for (const consumer of options.catalog.listConsumers()) {
      this.#consumers.set(consumerKey(consumer.stream, consumer.name), consumer);
    }
  }

  #adopt(record: DataStreamRecord): DataStream {
    const stream = new DataStream(record, this.#options.catalog.listShards(record.name), {
      catalog: this.#options.catalog,
      openLog: (owner, shardId) => this.#options.store.open(folderOf(owner), shardId),
      newThrottle: () =>
        this.#options.enforceLimits === false ? undefined : new WriteThrottle(SHARD_LIMITS),
      onHotShard: (owner, shard, nowMs) => this.#splitHot(owner, shard, nowMs),
    });
    this.#streams.set(record.name, stream);
    return stream;
  }

  /** Begins to delete what has expired. */
  start(): void {
    this.#cancelRetention = this.#clock.after(RETENTION_INTERVAL_MS, () => {
      this.#inBackground('', 'retention', async () => {
        await this.expire(this.#clock.nowMs());
        if (!this.#isClosed) this.start();
      });
    });
  }

  list(options: { readonly after?: string; readonly limit?: number } = {}): DataStreamInfo[] {
    const { after = '', limit = Number.POSITIVE_INFINITY } = options;
    const names = [...this.#streams.keys()].filter((name) => name > after).sort();
    return names.slice(0, limit).map((name) => this.#stream(name).info);
  }

  stream(name: string): DataStreamInfo | undefined {
    return this.#streams.get(name)?.info;
  }

  /** How many there are. */
  levels(): { readonly streams: number; readonly openShards: number; readonly consumers: number } {
    let openShards = 0;
    for (const { shards } of this.#streams.values()) {
      for (const { isOpen } of shards) openShards += isOpen ? 1 : 0;
    }
    return { streams: this.#streams.size, openShards, consumers: this.#consumers.size };
  }

  create(name: string, options: CreateStreamOptions, nowMs: number): DataStreamInfo {
    if (this.#isClosed) throw new RecordError('closing', 'the server is closing');
    if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
      throw new RecordError('invalid-argument', `${JSON.stringify(name)} is no name of a data stream`);
    }
    const isOnDemand = options.mode === 'ON_DEMAND';
    const record: DataStreamRecord = {
      name,
      createdMs: Math.floor(nowMs),
      isOnDemand,
      retentionHours: options.retentionHours ?? DEFAULT_RETENTION_HOURS,
      maxRecordBytes: options.maxRecordBytes ?? MIB,
      warmThroughputMibPerSecond: options.warmThroughputMibPerSecond,
      encryptionKeyId: undefined,
      enhancedMonitoring: [],
      policy: undefined,
      tags: options.tags ?? {},
      isDeleting: false,
    };
    const count = options.shardCount ?? (isOnDemand ? ON_DEMAND_SHARDS : 1);
    try {
      this.#options.catalog.insertStream(record, DataStream.firstShards(count, record.createdMs));
    } catch (error) {
      if (!(error instanceof CatalogError && error.code === 'already-exists')) throw error;
      throw new RecordError('already-exists', `there is a data stream ${name} already`, { cause: error });
    }
    return this.#adopt(record).info;
  }

  change(name: string, change: StreamChange): DataStreamInfo {
    const stream = this.#stream(name);
    const { mode, ...rest } = change;
    const record: DataStreamRecord = {
      ...stream.record,
      ...rest,
      isOnDemand: mode === undefined ? stream.record.isOnDemand : mode === 'ON_DEMAND',
    };
    this.#options.catalog.updateStream(record);
    stream.record = record;
    return stream.info;
  }

  async delete(name: string): Promise<void> {
    const stream = this.#stream(name);
    const record = { ...stream.record, isDeleting: true };
    this.#options.catalog.updateStream(record);
    this.#streams.delete(name);
    stream.end('not-found');
    await this.#removeFiles(record);
    this.counters.forget(name);
    for (const consumer of [...this.#consumers.values()]) {
      if (consumer.stream === name) this.#consumers.delete(consumerKey(name, consumer.name));
    }
  }

  /** The files first, the catalog's word last: after a crash it says what is left to do. */
  async #removeFiles(record: DataStreamRecord): Promise<void> {
    await this.#options.store.deleteStream(folderOf(record));
    this.#options.catalog.deleteStream(record.name);
  }

  async split(name: string, shardId: string, newStart: bigint, nowMs: number): Promise<DataStreamInfo> {
    const stream = this.#stream(name);
    await stream.split(shardId, newStart, nowMs);
    return stream.info;
  }

  async merge(
    name: string,
    shardId: string,
    adjacentShardId: string,
    nowMs: number,
  ): Promise<DataStreamInfo> {
    const stream = this.#stream(name);
    await stream.merge(shardId, adjacentShardId, nowMs);
    return stream.info;
  }

  async reshard(name: string, shardCount: number, nowMs: number): Promise<DataStreamInfo> {
    const stream = this.#stream(name);
    await stream.reshardTo(shardCount, nowMs);
    return stream.info;
  }

  async put(name: string, record: RecordToPut, nowMs: number): Promise<PutPlace> {
    const stream = this.#stream(name);
    try {
      const place = await stream.put(record, nowMs);
      this.#countersOf(stream)?.countPut(name, record, place);
      return place;
    } catch (error) {
      if (error instanceof RecordError) this.#countersOf(stream)?.countPut(name, record, error);
      throw error;
    }
  }

  async putMany(
    name: string,
    records: readonly RecordToPut[],
    nowMs: number,
  ): Promise<readonly (PutPlace | RecordError)[]> {
    const stream = this.#stream(name);
    const results = await stream.putMany(records, nowMs);
    this.#countersOf(stream)?.countPuts(name, records, results);
    return results;
  }

  async position(
    name: string,
    shardId: string,
    starting: StartingPosition,
    nowMs: number,
  ): Promise<ShardPosition> {
    return this.#stream(name).position(shardId, starting, nowMs);
  }

  async read(name: string, position: ShardPosition, limits: ReadLimits, nowMs: number): Promise<ShardRead> {
    const stream = this.#stream(name);
    const read = await stream.read(position, limits, nowMs);
    this.#countersOf(stream)?.countRead(name, read);
    return read;
  }

  async waitForMore(name: string, position: ShardPosition, signal: AbortSignal): Promise<void> {
    return this.#stream(name).waitForMore(position, signal);
  }

  registerConsumer(
    stream: string,
    consumer: string,
    tags: Readonly<Record<string, string>>,
    nowMs: number,
  ): ConsumerInfo {
    this.#stream(stream);
    if (this.consumer(stream, consumer) !== undefined) throw alreadyRegistered(stream, consumer);
    const limit = this.#options.maxConsumersPerStream ?? 20;
    if (this.consumers(stream).length >= limit) {
      throw new RecordError('limit-exceeded', `stream ${stream} has ${limit} consumers already`);
    }
    // Consumers are named by the second in which they were made.
    const createdMs = Math.floor(nowMs / 1000) * 1000;
    const record: DataConsumerRecord = { stream, name: consumer, createdMs, policy: undefined, tags };
    try {
      this.#options.catalog.insertConsumer(record);
    } catch (error) {
      if (!(error instanceof CatalogError && error.code === 'already-exists')) throw error;
      throw alreadyRegistered(stream, consumer, error);
    }
    this.#consumers.set(consumerKey(stream, consumer), record);
    return record;
  }

  consumer(stream: string, consumer: string): ConsumerInfo | undefined {
    return this.#consumers.get(consumerKey(stream, consumer));
  }

  consumers(
    stream: string,
    options: { readonly after?: string; readonly limit?: number } = {},
  ): ConsumerInfo[] {
    const { after = '', limit = Number.POSITIVE_INFINITY } = options;
    return [...this.#consumers.values()]
      .filter((consumer) => consumer.stream === stream && consumer.name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  changeConsumer(
    stream: string,
    consumer: string,
    change: Partial<Pick<ConsumerInfo, 'tags' | 'policy'>>,
  ): ConsumerInfo {
    const record = { ...this.#consumer(stream, consumer), ...change };
    this.#options.catalog.updateConsumer(record);
    this.#consumers.set(consumerKey(stream, consumer), record);
    return record;
  }

  deregisterConsumer(stream: string, consumer: string): void {
    this.#consumer(stream, consumer);
    this.#options.catalog.deleteConsumer(stream, consumer);
    this.#consumers.delete(consumerKey(stream, consumer));
  }

  /** One round of retention: the open logs, and some of the others. Failures are reported and tried again. */
  async expire(nowMs: number): Promise<void> {
    const unopened = this.#nextUnopened();
    for (const stream of [...this.#streams.values()]) {
      const keepFromMs = nowMs - stream.record.retentionHours * HOUR_MS;
      for (const shard of stream.shards) {
        if (shard.openedLog === undefined && !unopened.has(stream.record.name)) continue;
        try {
          await this.#expireShard(stream, shard, keepFromMs);
        } catch (error) {
          this.#failed(stream.record.name, `retention of ${shard.id}`, error);
        }
      }
    }
  }

  async #expireShard(stream: DataStream, shard: Shard, keepFromMs: number): Promise<void> {
    const { store } = this.#options;
    const folder = folderOf(stream.record);
    const { closedMs } = shard.record;
    if (closedMs !== undefined && closedMs < keepFromMs) {
      stream.forget(shard);
      await store.deleteShard(folder, shard.id);
    } else {
      await store.expire(folder, shard.id, keepFromMs);
    }
  }

  #nextUnopened(): Set<string> {
    const names = [...this.#streams.keys()].sort();
    const from = names.findIndex((name) => name > this.#sweepAfter);
    const some = names.slice(Math.max(0, from), Math.max(0, from) + UNOPENED_A_ROUND);
    this.#sweepAfter = some.at(-1) ?? '';
    return new Set(some);
  }

  #splitHot(stream: DataStream, shard: Shard, nowMs: number): void {
    if (stream.info.isUpdating) return;
    const { start, end } = shard.range;
    this.#inBackground(stream.record.name, 'split of a hot shard', async () => {
      await stream.split(shard.id, start + (end - start + 1n) / 2n, nowMs);
      this.#options.onEvent?.({ type: 'split-hot-shard', stream: stream.record.name, shardId: shard.id });
    });
  }

  /** Work that nobody waits for; its failure is an event. */
  #inBackground(stream: string, what: string, work: () => Promise<void>): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => this.#failed(stream, what, error))
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  #failed(stream: string, what: string, error: unknown): void {
    this.#options.onEvent?.({ type: 'failed', stream, what, error });
  }

  /** None for a stream that was deleted meanwhile: it is not counted any more. */
  #countersOf(stream: DataStream): RecordCounters | undefined {
    return this.#streams.get(stream.record.name) === stream ? this.counters : undefined;
  }

  #stream(name: string): DataStream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new RecordError('not-found', `there is no data stream ${name}`);
    return stream;
  }

  #consumer(stream: string, name: string): DataConsumerRecord {
    const consumer = this.#consumers.get(consumerKey(stream, name));
    if (consumer === undefined) {
      throw new RecordError('not-found', `stream ${stream} has no consumer ${name}`);
    }
    return consumer;
  }

  /** Tells followers, finishes what is being put, closes the logs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetention?.();
    for (const stream of this.#streams.values()) stream.end('closing');
    await Promise.all(this.#background);
    await this.#options.store.close();
  }
}

/** A stream that is made again has a folder of its own. `@` is in no name. */
function folderOf({ name, createdMs }: DataStreamRecord): string {
  return `${name}@${createdMs}`;
}

function alreadyRegistered(stream: string, consumer: string, cause?: unknown): RecordError {
  return new RecordError('already-exists', `stream ${stream} has a consumer ${consumer} already`, { cause });
}

function consumerKey(stream: string, consumer: string): string {
  return `${stream}/${consumer}`;
}
