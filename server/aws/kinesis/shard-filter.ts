import type { DataStreamInfo, ShardInfo } from '../../records/record-service.ts';
import { AwsError } from '../aws-call.ts';
import { fullShardId } from './shard-id.ts';

/** What ListShards is asked for (kinesis-data-streams.md §5); consumers use it to find where to begin. */
export interface ShardFilter {
  readonly Type:
    | 'AFTER_SHARD_ID'
    | 'AT_TRIM_HORIZON'
    | 'FROM_TRIM_HORIZON'
    | 'AT_LATEST'
    | 'AT_TIMESTAMP'
    | 'FROM_TIMESTAMP';
  readonly ShardId?: string;
  /** Epoch ms. */
  readonly Timestamp?: number;
}

const HOUR_MS = 3_600_000;

const TYPES: ReadonlySet<string> = new Set<ShardFilter['Type']>([
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
]);

/** A filter as a NextToken carries it on. */
export function scopeOfFilter(filter: ShardFilter | undefined): (string | number | null)[] {
  return filter === undefined ? [] : [filter.Type, filter.ShardId ?? null, filter.Timestamp ?? null];
}

/** The filter out of a token, which its bearer may have made up; none when it is none. */
export function filterOfScope([type, shardId, atMs]: readonly unknown[]): ShardFilter | undefined {
  if (typeof type !== 'string' || !TYPES.has(type)) return undefined;
  return {
    Type: type as ShardFilter['Type'],
    ...(typeof shardId === 'string' ? { ShardId: shardId } : {}),
    ...(typeof atMs === 'number' ? { Timestamp: atMs } : {}),
  };
}

/** Is the shard one that the filter names? Throws AwsError `InvalidArgumentException` when the filter lacks what its type needs. */
export function isListed(
  shard: ShardInfo,
  filter: ShardFilter,
  stream: DataStreamInfo,
  nowMs: number,
): boolean {
  const horizonMs = Math.max(stream.createdMs, nowMs - stream.retentionHours * HOUR_MS);
  switch (filter.Type) {
    case 'AFTER_SHARD_ID':
      if (filter.ShardId === undefined) throw missing('ShardId', filter.Type);
      return shard.id > (fullShardId(filter.ShardId) ?? filter.ShardId);
    case 'AT_LATEST':
      return shard.closed === undefined;
    case 'AT_TRIM_HORIZON':
      return shard.createdMs <= horizonMs && endsAfter(shard, horizonMs);
    case 'FROM_TRIM_HORIZON':
      return endsAfter(shard, horizonMs);
    case 'AT_TIMESTAMP':
    case 'FROM_TIMESTAMP': {
      if (filter.Timestamp === undefined) throw missing('Timestamp', filter.Type);
      const atMs = Math.max(filter.Timestamp, horizonMs);
      return (filter.Type === 'FROM_TIMESTAMP' || shard.createdMs <= atMs) && endsAfter(shard, atMs);
    }
    default:
      return filter.Type satisfies never;
  }
}

function endsAfter({ closed }: ShardInfo, atMs: number): boolean {
  return closed === undefined || closed.atMs > atMs;
}

function missing(member: string, type: string): AwsError {
  return new AwsError(
    'InvalidArgumentException',
    `${member} must be specified for a ShardFilter of type ${type}.`,
  );
}
