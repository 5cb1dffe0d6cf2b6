import type { Registry } from 'prom-client';
import type { RecordStoreStats } from '../records/log/record-store.ts';
import type { RecordCounters, StreamRecordCounters } from '../records/record-counters.ts';
import { Instruments } from './instruments.ts';

/** What is read of the data streams when metrics are scraped. */
export interface RecordSource {
  readonly counters: RecordCounters;
  levels(): { readonly streams: number; readonly openShards: number; readonly consumers: number };
  readonly store: () => RecordStoreStats;
}

/** Makes the metrics of the data streams, with CloudWatch's names where it has them, by stream. */
export function createRecordMetrics(registry: Registry, { counters, levels, store }: RecordSource): void {
  const to = new Instruments(registry);
  const count = (name: string, help: string, read: (counters: StreamRecordCounters) => number) =>
    to.countBy(`framelog_records_${name}_total`, help, 'stream', () => counters.by(read));
  const level = (name: string, help: string, read: (counters: StreamRecordCounters) => number) =>
    to.levelBy(`framelog_records_${name}`, help, 'stream', () => counters.by(read));

  to.level('framelog_data_streams', 'Data streams.', () => levels().streams);
  to.level('framelog_data_stream_shards', 'Open shards of all data streams.', () => levels().openShards);
  to.level(
    'framelog_data_stream_consumers',
    'Registered consumers of data streams.',
    () => levels().consumers,
  );

  count('incoming', 'Records put (CloudWatch: IncomingRecords).', (of) => of.incomingRecords);
  count('incoming_bytes', 'Bytes of records put (CloudWatch: IncomingBytes).', (of) => of.incomingBytes);
  count(
    'write_throttled',
    'Records refused since their shard was written to too fast (CloudWatch: WriteProvisionedThroughputExceeded).',
    (of) => of.throttledWrites,
  );
  count('write_failed', 'Records that could not be written. Any has a log line.', (of) => of.failedWrites);
  count(
    'put_many',
    'Records that came many at a time (CloudWatch: PutRecords.TotalRecords).',
    (of) => of.batchRecords,
  );
  count(
    'put_many_succeeded',
    'Of those that came many at a time, put (CloudWatch: PutRecords.SuccessfulRecords).',
    (of) => of.batchSucceeded,
  );
  count(
    'put_many_throttled',
    'Of those that came many at a time, refused for the rate (CloudWatch: PutRecords.ThrottledRecords).',
    (of) => of.batchThrottled,
  );
  count(
    'put_many_failed',
    'Of those that came many at a time, not written (CloudWatch: PutRecords.FailedRecords).',
    (of) => of.batchFailed,
  );
  count('outgoing', 'Records read, by any reader (CloudWatch: OutgoingRecords).', (of) => of.outgoingRecords);
  count(
    'outgoing_bytes',
    'Bytes of records read, by any reader (CloudWatch: OutgoingBytes).',
    (of) => of.outgoingBytes,
  );
  count(
    'polled',
    'Records that GetRecords answered (CloudWatch: GetRecords.Records).',
    (of) => of.polledRecords,
  );
  count(
    'polled_bytes',
    'Bytes of records that GetRecords answered (CloudWatch: GetRecords.Bytes).',
    (of) => of.polledBytes,
  );
  level(
    'iterator_age_seconds',
    'How far the last answer of GetRecords was behind its shard (CloudWatch: GetRecords.IteratorAgeMilliseconds).',
    (of) => of.iteratorAgeMs / 1000,
  );
  count(
    'read_throttled',
    'Calls of GetRecords refused since their shard was read too fast (CloudWatch: ReadProvisionedThroughputExceeded).',
    (of) => of.throttledReads,
  );
  level('subscriptions', 'Connections of SubscribeToShard now.', (of) => of.subscriptions);
  count(
    'subscriptions_refused',
    'Calls of SubscribeToShard refused since another one was too young (CloudWatch: SubscribeToShard.RateExceeded).',
    (of) => of.refusedSubscriptions,
  );
  count(
    'pushed_events',
    'Events that were pushed to subscribers, also empty ones (CloudWatch: SubscribeToShardEvent.Success).',
    (of) => of.pushedEvents,
  );
  count(
    'pushed',
    'Records pushed to subscribers (CloudWatch: SubscribeToShardEvent.Records).',
    (of) => of.pushedRecords,
  );
  count(
    'pushed_bytes',
    'Bytes of records pushed to subscribers (CloudWatch: SubscribeToShardEvent.Bytes).',
    (of) => of.pushedBytes,
  );
  level(
    'push_behind_seconds',
    'How far the last event was behind its shard (CloudWatch: SubscribeToShardEvent.MillisBehindLatest).',
    (of) => of.pushBehindMs / 1000,
  );

  to.level('framelog_record_logs', 'Shards whose logs are open.', () => store().openShards);
  to.level('framelog_record_files', 'Files of records that are open for reading.', () => store().openFiles);
  to.level(
    'framelog_record_backlog_bytes',
    'Records in memory that wait for the disk.',
    () => store().backlogBytes,
  );
  to.count(
    'framelog_record_backlog_refusals_total',
    'Puts refused since too much waited for the disk.',
    () => store().backlogRefusals,
  );
  to.count(
    'framelog_record_write_failures_total',
    'Writes of records that failed.',
    () => store().writeFailures,
  );
  to.count(
    'framelog_record_damages_total',
    'Stretches of damaged records that readers passed over.',
    () => store().damagedRecords,
  );
}
