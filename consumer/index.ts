/**
 * A consumer of Framelog's data streams: workers of a group share the shards of a stream, and the server keeps who reads what and how
 * far (docs/data-streams.md).
 */

export { RecordConsumerError, type RecordConsumerErrorDetails } from './consumer-error.ts';
export type {
  BatchContext,
  ConsumedRecord,
  ConsumerEvent,
  RecordConsumerOptions,
} from './consumer-options.ts';
export { type KplRecord, KplRecordError, looksAggregated, openAggregated } from './kpl-record.ts';
export { type ConsumerProgress, RecordConsumer } from './record-consumer.ts';
export type { ShardProgress } from './shard-task.ts';
