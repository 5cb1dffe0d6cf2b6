import { CountersByStream } from '../counters/counters-by-stream.ts';
import { type PutPlace, RecordError, type RecordToPut, type ShardRead } from './record-service.ts';
import { countedBytes } from './shard.ts';

/** What happened to the records of one stream, by whichever door. Bytes are those of data and partition keys. */
export interface StreamRecordCounters {
  incomingRecords: number;
  incomingBytes: number;
  /** Records beyond the rate of their shard. */
  throttledWrites: number;
  /** Records that could not be written. */
  failedWrites: number;
  /** Of those, what came many at a time. */
  batchRecords: number;
  batchSucceeded: number;
  batchThrottled: number;
  batchFailed: number;
  outgoingRecords: number;
  outgoingBytes: number;
  /** GetRecords. */
  polledRecords: number;
  polledBytes: number;
  /** Calls beyond the rate of their shard. */
  throttledReads: number;
  /** How far the last answer was behind the shard's newest record. */
  iteratorAgeMs: number;
  /** SubscribeToShard: connections now, and those refused since another one was too young. */
  subscriptions: number;
  refusedSubscriptions: number;
  pushedEvents: number;
  pushedRecords: number;
  pushedBytes: number;
  /** How far the last event was behind the shard's newest record. */
  pushBehindMs: number;
}

/** The counters by stream. */
export class RecordCounters extends CountersByStream<StreamRecordCounters> {
  constructor() {
    super(() => ({
      incomingRecords: 0,
      incomingBytes: 0,
      throttledWrites: 0,
      failedWrites: 0,
      batchRecords: 0,
      batchSucceeded: 0,
      batchThrottled: 0,
      batchFailed: 0,
      outgoingRecords: 0,
      outgoingBytes: 0,
      polledRecords: 0,
      polledBytes: 0,
      throttledReads: 0,
      iteratorAgeMs: 0,
      subscriptions: 0,
      refusedSubscriptions: 0,
      pushedEvents: 0,
      pushedRecords: 0,
      pushedBytes: 0,
      pushBehindMs: 0,
    }));
  }

  /** What became of one record. */
  countPut(stream: string, record: RecordToPut, result: PutPlace | RecordError): void {
    const counters = this.of(stream);
    if (!(result instanceof RecordError)) {
      counters.incomingRecords += 1;
      counters.incomingBytes += countedBytes(record);
    } else if (result.code === 'throughput-exceeded') counters.throttledWrites += 1;
    else if (result.code === 'write-failed') counters.failedWrites += 1;
  }

  /** What became of each of many. */
  countPuts(
    stream: string,
    records: readonly RecordToPut[],
    results: readonly (PutPlace | RecordError)[],
  ): void {
    const counters = this.of(stream);
    const { incomingRecords, throttledWrites, failedWrites } = counters;
    for (const [index, record] of records.entries()) {
      this.countPut(stream, record, results[index] as PutPlace | RecordError);
    }
    counters.batchRecords += records.length;
    counters.batchSucceeded += counters.incomingRecords - incomingRecords;
    counters.batchThrottled += counters.throttledWrites - throttledWrites;
    counters.batchFailed += counters.failedWrites - failedWrites;
  }

  countRead(stream: string, read: ShardRead): void {
    const counters = this.of(stream);
    counters.outgoingRecords += read.records.length;
    counters.outgoingBytes += bytesOf(read);
  }

  countPoll(stream: string, read: ShardRead): void {
    const counters = this.of(stream);
    counters.polledRecords += read.records.length;
    counters.polledBytes += bytesOf(read);
    counters.iteratorAgeMs = read.behindLatestMs;
  }

  countEvent(stream: string, read: ShardRead): void {
    const counters = this.of(stream);
    counters.pushedEvents += 1;
    counters.pushedRecords += read.records.length;
    counters.pushedBytes += bytesOf(read);
    counters.pushBehindMs = read.behindLatestMs;
  }
}

function bytesOf({ records }: ShardRead): number {
  let sum = 0;
  for (const record of records) sum += countedBytes(record);
  return sum;
}
