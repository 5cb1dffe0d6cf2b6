import type { DataStreamInfo, ShardInfo } from '../../records/record-service.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';

const MAX_INDEX = 2 ** 31 - 1;

/**
 * The full id of a shard that a request may name by its number, with or without something in front, as the service takes it:
 * `shardId-000000000005`, `shardId-5`, `5`. `undefined`: it names no shard.
 */
export function fullShardId(text: string): string | undefined {
  const digits = /^(?:[^-]*-)?(\d+)(?:-.*)?$/.exec(text)?.[1];
  if (digits === undefined || Number(digits) > MAX_INDEX) return undefined;
  return `shardId-${String(Number(digits)).padStart(12, '0')}`;
}

/** The full id. Throws AwsError `ResourceNotFoundException`, also before the stream is looked for. */
export function requireShardId(account: AwsAccount, stream: string, text: string): string {
  const id = fullShardId(text);
  if (id !== undefined) return id;
  throw shardNotFound(account, stream, text);
}

/** The shard. Throws AwsError `ResourceNotFoundException`. */
export function requireShard(account: AwsAccount, stream: DataStreamInfo, id: string): ShardInfo {
  const shard = stream.shards.find((each) => each.id === id);
  if (shard !== undefined) return shard;
  throw shardNotFound(account, stream.name, id);
}

function shardNotFound({ accountId }: AwsAccount, stream: string, shard: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Could not find shard ${shard} in stream ${stream} under account ${accountId}.`,
  );
}
