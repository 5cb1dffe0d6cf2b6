import type { DataStreamRecord, RecordCatalog, ShardRecord } from '../catalog/record-catalog.ts';
import { equalRanges, type HashKeyRange, hashKeyOf, parseHashKey } from './hash-key.ts';
import type { RecordLog } from './log/record-log.ts';
import {
  type DataStreamInfo,
  type PutPlace,
  type ReadLimits,
  RecordError,
  type RecordToPut,
  type ShardPosition,
  type ShardRead,
  type StartingPosition,
} from './record-service.ts';
import { countedBytes, Shard, shardIdOf } from './shard.ts';
import { ShardMap } from './shard-map.ts';
import type { WriteThrottle } from './throttle.ts';

const HOUR_MS = 3_600_000;
/** A child's numbers are greater than its parent's only when it was made in a later second. */
const SECOND_MS = 1000;

/** What a stream needs of the server. */
export interface DataStreamHost {
  readonly catalog: RecordCatalog;
  readonly openLog: (stream: DataStreamRecord, shardId: string) => Promise<RecordLog>;
  readonly newThrottle: () => WriteThrottle | undefined;
  /** A shard of an on-demand stream has been hot for long. */
  readonly onHotShard: (stream: DataStream, shard: Shard, nowMs: number) => void;
}

/** One data stream: where records go, what comes back, and how its shards change. */
export class DataStream {
  record: DataStreamRecord;
  readonly #host: DataStreamHost;
  readonly #shards: ShardMap;
  readonly #followers = new Set<() => void>();
  #isResharding = false;
  /** Why nothing is put or read any more. */
  #ended: 'not-found' | 'closing' | undefined;

  constructor(record: DataStreamRecord, shards: readonly ShardRecord[], host: DataStreamHost) {
    this.record = record;
    this.#host = host;
    this.#shards = new ShardMap(shards.map((shard) => this.#shardOf(shard)));
  }

  /** Shards of a stream that is made now. */
  static firstShards(count: number, createdMs: number): ShardRecord[] {
    return equalRanges(count).map((range, index) => ({
      index,
      parentIndex: undefined,
      adjacentParentIndex: undefined,
      rangeStart: range.start,
      rangeEnd: range.end,
      createdMs,
      closedMs: undefined,
    }));
  }

  get info(): DataStreamInfo {
    const { isOnDemand, isDeleting: _, ...record } = this.record;
    return {
      ...record,
      mode: isOnDemand ? 'ON_DEMAND' : 'PROVISIONED',
      isUpdating: this.#isResharding,
      shards: this.#shards.all().map(({ info }) => info),
    };
  }

  get shards(): readonly Shard[] {
    return this.#shards.all();
  }

  async put(record: RecordToPut, nowMs: number): Promise<PutPlace> {
    const key = this.#keyOf(record);
    let shard = this.#shardFor(key);
    while (shard.changing !== undefined) {
      await shard.changing;
      shard = this.#shardFor(key);
    }
    // From here to the append nothing is waited for: the shard cannot be closed in between.
    this.#admit(shard, record, nowMs);
    const [place] = await shard.append([record], nowMs);
    return place as PutPlace;
  }

  async putMany(records: readonly RecordToPut[], nowMs: number): Promise<(PutPlace | RecordError)[]> {
    const results: (PutPlace | RecordError)[] = new Array(records.length);
    const batches = new Map<Shard, number[]>();
    for (const [index, record] of records.entries()) {
      try {
        const key = this.#keyOf(record);
        const shard = this.#shardFor(key);
        this.#admit(shard, record, nowMs);
        const batch = batches.get(shard);
        if (batch === undefined) batches.set(shard, [index]);
        else batch.push(index);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        results[index] = error;
      }
    }
    await Promise.all(
      Array.from(batches, ([shard, indexes]) => this.#putBatch(shard, indexes, records, results, nowMs)),
    );
    return results;
  }

  async #putBatch(
    shard: Shard,
    indexes: readonly number[],
    records: readonly RecordToPut[],
    results: (PutPlace | RecordError)[],
    nowMs: number,
  ): Promise<void> {
    if (shard.changing !== undefined) {
      await shard.changing;
      // Each goes where it belongs now; they were admitted before.
      const byShard = Map.groupBy(indexes, (index) =>
        this.#shards.of(this.#keyOf(records[index] as RecordToPut)),
      );
      await Promise.all(
        Array.from(byShard, ([next, some]) => this.#putBatch(next, some, records, results, nowMs)),
      );
      return;
    }
    try {
      const batch = indexes.map((index) => records[index] as RecordToPut);
      const places = await shard.append(batch, nowMs);
      for (const [position, index] of indexes.entries()) results[index] = places[position] as PutPlace;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      for (const index of indexes) results[index] = error;
    }
  }

  #keyOf({ partitionKey, explicitHashKey }: RecordToPut): bigint {
    if (explicitHashKey === undefined) return hashKeyOf(partitionKey);
    const key = parseHashKey(explicitHashKey);
    if (key === undefined) {
      throw new RecordError(
        'invalid-argument',
        `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
      );
    }
    return key;
  }

  #shardFor(key: bigint): Shard {
    this.#mustGoOn();
    return this.#shards.of(key);
  }

  #admit(shard: Shard, record: RecordToPut, nowMs: number): void {
    const sizeBytes = countedBytes(record);
    if (sizeBytes > this.record.maxRecordBytes) {
      throw new RecordError(
        'invalid-argument',
        `a record of ${sizeBytes} bytes is larger than the stream's ${this.record.maxRecordBytes}`,
      );
    }
    if (shard.throttle?.take(sizeBytes, nowMs) === false) {
      throw new RecordError(
        'throughput-exceeded',
        `Rate exceeded for shard ${shard.id} in stream ${this.record.name}`,
      );
    }
    if (this.record.isOnDemand && shard.heat.add(sizeBytes, nowMs)) this.#host.onHotShard(this, shard, nowMs);
  }

  async position(shardId: string, starting: StartingPosition, nowMs: number): Promise<ShardPosition> {
    const shard = this.#shard(shardId);
    const log = await shard.log();
    switch (starting.type) {
      case 'TRIM_HORIZON':
        return { shardId, ordinal: await log.findByArrival(this.#horizonMs(nowMs)) };
      case 'LATEST':
        return { shardId, ordinal: log.nextOrdinal };
      case 'AT_TIMESTAMP':
        if (starting.atMs > nowMs)
          throw new RecordError('invalid-argument', 'the timestamp is in the future');
        return { shardId, ordinal: await log.findByArrival(Math.max(starting.atMs, this.#horizonMs(nowMs))) };
      case 'AT_SEQUENCE_NUMBER':
      case 'AFTER_SEQUENCE_NUMBER': {
        const ordinal = shard.ordinalOf(starting.sequenceNumber);
        const isEnd = starting.sequenceNumber === shard.info.closed?.endingSequenceNumber;
        if (ordinal === undefined || (ordinal > log.nextOrdinal && !isEnd)) {
          throw new RecordError(
            'invalid-argument',
            `${starting.sequenceNumber} is no sequence number of ${shardId}`,
          );
        }
        const next = starting.type === 'AT_SEQUENCE_NUMBER' ? ordinal : ordinal + 1;
        return { shardId, ordinal: Math.max(0, Math.min(next, log.nextOrdinal)) };
      }
    }
  }

  async read({ shardId, ordinal }: ShardPosition, limits: ReadLimits, nowMs: number): Promise<ShardRead> {
    const shard = this.#shard(shardId);
    const log = await shard.log();
    const { isOpen } = shard;
    const read = await log.read(ordinal, { ...limits, notBeforeMs: this.#horizonMs(nowMs) });
    const records = read.records.map((record) => ({
      ...record,
      sequenceNumber: shard.sequenceNumber(record.ordinal, record.arrivalMs),
    }));
    const isAtTip = read.nextOrdinal >= log.nextOrdinal;
    const isAtEnd = isAtTip && !isOpen;
    const last = records.at(-1);
    const lastMs = last?.arrivalMs ?? log.lastArrivalMs;
    return {
      records,
      next: { shardId, ordinal: read.nextOrdinal },
      continuationSequenceNumber:
        last?.sequenceNumber ??
        shard.sequenceNumber(read.nextOrdinal - 1, Math.max(log.lastArrivalMs, shard.record.createdMs)),
      isAtEnd,
      behindLatestMs: isAtTip ? 0 : Math.max(0, nowMs - lastMs),
      children: isAtEnd ? this.#shards.childrenOf(shard).map(({ info }) => info) : [],
    };
  }

  async waitForMore({ shardId, ordinal }: ShardPosition, signal: AbortSignal): Promise<void> {
    const shard = this.#shard(shardId);
    const log = await shard.log();
    if (ordinal < log.nextOrdinal || !shard.isOpen || this.#ended !== undefined || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const stopListening = log.listen(wake);
    this.#followers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      stopListening();
      this.#followers.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** Closes one shard and makes two; the second begins at `newStart`. */
  split(shardId: string, newStart: bigint, nowMs: number): Promise<void> {
    return this.#reshard(async () => this.#split(this.#openShard(shardId), newStart, nowMs));
  }

  /** Closes two neighbours and makes one. */
  merge(shardId: string, adjacentShardId: string, nowMs: number): Promise<void> {
    return this.#reshard(async () =>
      this.#merge(this.#openShard(shardId), this.#openShard(adjacentShardId), nowMs),
    );
  }

  /** Splits where ranges of equal size begin, then merges what lies between. */
  reshardTo(count: number, nowMs: number): Promise<void> {
    return this.#reshard(async () => {
      const ranges = equalRanges(count);
      for (const { start } of ranges) {
        const shard = this.#shards.of(start);
        if (shard.range.start !== start) await this.#split(shard, start, nowMs);
      }
      for (const range of ranges) await this.#mergeWithin(range, nowMs);
    });
  }

  async #mergeWithin(range: HashKeyRange, nowMs: number): Promise<void> {
    for (;;) {
      const [first, second] = this.#shards.open.filter(
        (shard) => shard.range.start >= range.start && shard.range.end <= range.end,
      );
      if (first === undefined || second === undefined) return;
      await this.#merge(first, second, nowMs);
    }
  }

  async #split(shard: Shard, newStart: bigint, nowMs: number): Promise<void> {
    const { start, end } = shard.range;
    if (newStart <= start || newStart > end) {
      throw new RecordError('invalid-argument', `${newStart} does not lie inside of ${shard.id}`);
    }
    await this.#replace(
      [shard],
      [
        { start, end: newStart - 1n },
        { start: newStart, end },
      ],
      nowMs,
    );
  }

  async #merge(one: Shard, other: Shard, nowMs: number): Promise<void> {
    const [lower, upper] = one.range.start < other.range.start ? [one, other] : [other, one];
    if (lower.range.end + 1n !== upper.range.start) {
      throw new RecordError('invalid-argument', `${one.id} and ${other.id} are not adjacent`);
    }
    await this.#replace([one, other], [{ start: lower.range.start, end: upper.range.end }], nowMs);
  }

  /** Waits until all that is put to the parents is durable, then lets the children take over: no key is out of order. */
  async #replace(parents: readonly Shard[], ranges: readonly HashKeyRange[], nowMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const parent of parents) parent.changing = promise;
    try {
      for (const parent of parents) await parent.idle();
      this.#mustGoOn();
      const createdMs = Math.max(nowMs, ...parents.map(({ record }) => record.createdMs + SECOND_MS));
      const [parent, adjacent] = parents;
      const nextIndex = this.#shards.nextIndex;
      const added = ranges.map((range, index) => ({
        index: nextIndex + index,
        parentIndex: parent?.record.index,
        adjacentParentIndex: adjacent?.record.index,
        rangeStart: range.start,
        rangeEnd: range.end,
        createdMs,
        closedMs: undefined,
      }));
      const closed = parents.map(({ record }) => ({ index: record.index, closedMs: createdMs }));
      this.#host.catalog.replaceShards(this.record.name, closed, added);
      for (const each of parents) each.record = { ...each.record, closedMs: createdMs };
      this.#shards.add(added.map((record) => this.#shardOf(record)));
    } finally {
      for (const parent of parents) parent.changing = undefined;
      resolve();
      this.#wakeFollowers();
    }
  }

  /** One change of shards at a time. */
  async #reshard(work: () => Promise<void>): Promise<void> {
    if (this.#isResharding) throw new RecordError('in-use', `stream ${this.record.name} is being updated`);
    this.#isResharding = true;
    try {
      await work();
    } finally {
      this.#isResharding = false;
    }
  }

  /** A closed shard all of whose records have expired is forgotten. */
  forget(shard: Shard): void {
    this.#host.catalog.deleteShard(this.record.name, shard.record.index);
    this.#shards.remove(shard);
  }

  /** It is deleted, or the server closes: whoever follows it is told, and nothing is put any more. */
  end(reason: 'not-found' | 'closing'): void {
    this.#ended = reason;
    this.#wakeFollowers();
  }

  #wakeFollowers(): void {
    for (const wake of [...this.#followers]) wake();
  }

  #horizonMs(nowMs: number): number {
    return nowMs - this.record.retentionHours * HOUR_MS;
  }

  #shardOf(record: ShardRecord): Shard {
    const openLog = () => this.#host.openLog(this.record, shardIdOf(record.index));
    return new Shard(record, openLog, this.#host.newThrottle());
  }

  #shard(shardId: string): Shard {
    const shard = this.#shards.get(shardId);
    this.#mustGoOn();
    if (shard === undefined) {
      throw new RecordError('not-found', `there is no shard ${shardId} in stream ${this.record.name}`);
    }
    return shard;
  }

  #openShard(shardId: string): Shard {
    const shard = this.#shard(shardId);
    if (!shard.isOpen) throw new RecordError('in-use', `${shardId} is closed`);
    return shard;
  }

  #mustGoOn(): void {
    if (this.#ended === undefined) return;
    const { name } = this.record;
    const message = this.#ended === 'closing' ? 'the server is closing' : `stream ${name} was deleted`;
    throw new RecordError(this.#ended, message);
  }
}
