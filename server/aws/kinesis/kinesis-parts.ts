import type { SettingCatalog } from '../../catalog/catalog.ts';
import type { RecordCounters } from '../../records/record-counters.ts';
import type { RecordService } from '../../records/record-service.ts';
import type { AwsAccount } from '../aws-call.ts';
import type { ReadLimiter } from './read-limiter.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What the Kinesis operations work on. */
export interface KinesisParts {
  readonly records: RecordService;
  readonly counters: RecordCounters;
  readonly account: AwsAccount;
  readonly settings: SettingCatalog;
  readonly readLimiter: ReadLimiter;
  readonly subscriptions: Subscriptions;
}

/** Open shards of an account (kinesis-data-streams.md §6: "default 10,000 shards ceiling"). */
export const SHARD_LIMIT = 10_000;
/** §8: "On-demand streams per account". */
export const ON_DEMAND_STREAM_LIMIT = 50;
