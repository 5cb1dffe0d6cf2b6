import type { DataStreamInfo, ShardInfo } from '../../records/record-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { ChangeBudget } from './change-budget.ts';
import { DataResources, type StreamReference } from './data-resources.ts';
import { type KinesisParts, SHARD_LIMIT } from './kinesis-parts.ts';
import { makeNextToken, readNextToken } from './next-token.ts';
import { shardForm } from './record-forms.ts';
import { filterOfScope, isListed, type ShardFilter, scopeOfFilter } from './shard-filter.ts';
import { requireShard, requireShardId } from './shard-id.ts';
import { streamArn } from './stream-arn.ts';
import { openShardCount } from './stream-operations.ts';
import { checkMayReshard, notEligible, shardLimitExceeded } from './stream-rules.ts';
import { translating } from './translate-error.ts';

interface ListShardsInput extends StreamReference {
  readonly NextToken?: string;
  readonly ExclusiveStartShardId?: string;
  readonly MaxResults?: number;
  readonly StreamCreationTimestamp?: number;
  readonly ShardFilter?: ShardFilter;
}

const DEFAULT_LISTED_SHARDS = 1000;
/** "10 times per rolling 24 h" (kinesis-data-streams.md §6). */
const COUNT_CHANGES_A_DAY = 10;

/** Shards are listed, split and merged. */
export function shardOperations({ records, account, readLimiter }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);
  const countChanges = new ChangeBudget(COUNT_CHANGES_A_DAY);

  const listShards = ({ input, principal, nowMs }: AwsCall<ListShardsInput>): AwsOutput => {
    const { NextToken } = input;
    const isContinued = NextToken !== undefined;
    if (!isContinued && input.StreamName === undefined && input.StreamARN === undefined) {
      throw new AwsError('InvalidArgumentException', 'Either NextToken or StreamName should be provided.');
    }
    if (isContinued && (input.StreamName ?? input.StreamARN ?? input.ExclusiveStartShardId) !== undefined) {
      throw new AwsError('InvalidArgumentException', 'NextToken and StreamName cannot be provided together.');
    }
    const place = isContinued ? readNextToken('ListShards', NextToken, nowMs) : undefined;
    const [, name, createdMs, ...filterParts] = place?.scope ?? [];
    const reference = typeof name === 'string' ? { StreamName: name } : input;
    const stream = resources.find(reference, 'view', principal);
    if (place !== undefined && stream.createdMs !== createdMs) {
      throw new AwsError('ResourceNotFoundException', `Stream ${stream.name} was deleted and made again.`);
    }
    checkCreation(stream, input.StreamCreationTimestamp);
    const filter = place === undefined ? input.ShardFilter : filterOfScope(filterParts);
    const start = input.ExclusiveStartShardId;
    const after = place?.after ?? (start === undefined ? '' : requireShardId(account, stream.name, start));
    const shards = stream.shards.filter(({ id }) => id > after).filter(listedBy(stream, filter, nowMs));
    const page = shards.slice(0, input.MaxResults ?? DEFAULT_LISTED_SHARDS);
    const scope = ['ListShards', stream.name, stream.createdMs, ...scopeOfFilter(filter)];
    const hasMore = page.length < shards.length;
    return {
      Shards: page.map(shardForm),
      NextToken: hasMore ? makeNextToken({ scope, after: page.at(-1)?.id ?? '' }, nowMs) : undefined,
    };
  };

  const listedBy =
    (stream: DataStreamInfo, filter: ShardFilter | undefined, nowMs: number) => (shard: ShardInfo) =>
      filter === undefined || isListed(shard, filter, stream, nowMs);

  /** One shard more than there are, on all streams. */
  const checkShardLimit = (additional: number): void => {
    const present = records.list().reduce((sum, stream) => sum + openShardCount(stream), 0);
    if (present + additional > SHARD_LIMIT) throw shardLimitExceeded(account, present, additional);
  };

  const splitShard = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<
    StreamReference & { readonly ShardToSplit: string; readonly NewStartingHashKey: string }
  >): Promise<AwsOutput> => {
    const name = resources.nameOf(input, 'admin', principal);
    const shardId = requireShardId(account, name, input.ShardToSplit);
    const stream = resources.stream(name);
    checkMayReshard(account, stream);
    const { range, id, closed } = requireShard(account, stream, shardId);
    checkShardLimit(1);
    if (closed !== undefined) throw notEligible(account, name, id);
    const newStart = BigInt(input.NewStartingHashKey);
    if (newStart <= range.start + 1n || newStart >= range.end) {
      throw new AwsError(
        'InvalidArgumentException',
        `NewStartingHashKey ${newStart} used in SplitShard() on shard ${id} in stream ${stream.name} under account ` +
          `${account.accountId} is not both greater than one plus the shard's StartingHashKey ${range.start} and less than ` +
          `the shard's EndingHashKey ${range.end}.`,
      );
    }
    await translating(() => records.split(stream.name, id, newStart, nowMs));
    return {};
  };

  const mergeShards = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<
    StreamReference & { readonly ShardToMerge: string; readonly AdjacentShardToMerge: string }
  >): Promise<AwsOutput> => {
    const name = resources.nameOf(input, 'admin', principal);
    const ids = [input.ShardToMerge, input.AdjacentShardToMerge] as const;
    const [oneId, otherId] = ids.map((id) => requireShardId(account, name, id)) as [string, string];
    const stream = resources.stream(name);
    checkMayReshard(account, stream);
    const one = requireShard(account, stream, oneId);
    const other = requireShard(account, stream, otherId);
    const closed = [one, other].find((shard) => shard.closed !== undefined);
    if (closed !== undefined) throw notEligible(account, name, closed.id);
    if (one.range.end + 1n !== other.range.start && other.range.end + 1n !== one.range.start) {
      throw new AwsError(
        'InvalidArgumentException',
        `Shards ${one.id} and ${other.id} in stream ${stream.name} under account ${account.accountId} are not an adjacent ` +
          'pair of shards eligible for merging',
      );
    }
    await translating(() => records.merge(stream.name, one.id, other.id, nowMs));
    return {};
  };

  const updateShardCount = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<StreamReference & { readonly TargetShardCount: number }>): Promise<AwsOutput> => {
    const stream = resources.find(input, 'admin', principal);
    const { TargetShardCount: target } = input;
    const current = openShardCount(stream);
    checkMayReshard(account, stream);
    const counts = `Current open shard count: ${current}, Target shard count: ${target}`;
    if (target > current * 2) {
      throw new AwsError(
        'LimitExceededException',
        `UpdateShardCount cannot scale up over double your current open shard count. ${counts}`,
      );
    }
    if (target < Math.ceil(current / 2)) {
      throw new AwsError(
        'LimitExceededException',
        `UpdateShardCount cannot scale down below half your current open shard count. ${counts}`,
      );
    }
    if (target > current) checkShardLimit(target - current);
    // The limit of a day is AWS's own and lifted with the others.
    if (readLimiter.isOn && !countChanges.take(stream.name, nowMs)) {
      throw new AwsError(
        'LimitExceededException',
        `The shards of ${stream.name} were updated ${COUNT_CHANGES_A_DAY} times in 24 hours.`,
      );
    }
    await translating(() => records.reshard(stream.name, target, nowMs));
    return {
      StreamName: stream.name,
      StreamARN: streamArn(account, stream.name),
      CurrentShardCount: current,
      TargetShardCount: target,
    };
  };

  return {
    handlers: {
      ListShards: listShards,
      SplitShard: splitShard,
      MergeShards: mergeShards,
      UpdateShardCount: updateShardCount,
    },
  };
}

/** Whoever knows when a stream was made means that one, and not one that was made again under its name. */
export function checkCreation({ name, createdMs }: DataStreamInfo, expectedMs: number | undefined): void {
  if (expectedMs === undefined || Math.floor(expectedMs / 1000) === Math.floor(createdMs / 1000)) return;
  throw new AwsError('ResourceNotFoundException', `There is no stream ${name} of that creation time.`);
}
