import type { DataStreamInfo, StreamMode } from '../../records/record-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { mayStream } from '../stream-rights.ts';
import { DataResources, requireData, type StreamReference } from './data-resources.ts';
import { type KinesisParts, ON_DEMAND_STREAM_LIMIT, SHARD_LIMIT } from './kinesis-parts.ts';
import { makeNextToken, readNextToken } from './next-token.ts';
import { encryptionTypeOf, shardForm } from './record-forms.ts';
import { requireShardId } from './shard-id.ts';
import { streamArn } from './stream-arn.ts';
import { notOnDemand, shardLimitExceeded } from './stream-rules.ts';
import { checkTags } from './tag-rules.ts';
import { translating } from './translate-error.ts';

interface CreateInput {
  readonly StreamName: string;
  readonly ShardCount?: number;
  readonly StreamModeDetails?: { readonly StreamMode: StreamMode };
  readonly Tags?: Readonly<Record<string, string>>;
  readonly WarmThroughputMiBps?: number;
  readonly MaxRecordSizeInKiB?: number;
}

interface ListInput {
  readonly Limit?: number;
  readonly ExclusiveStartStreamName?: string;
  readonly NextToken?: string;
}

const KIB = 1024;
const DEFAULT_DESCRIBED_SHARDS = 100;
const DEFAULT_LISTED_STREAMS = 100;

/** Streams are made, told of, and deleted. */
export function streamOperations({ records, account }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);

  const createStream = async ({ input, principal, nowMs }: AwsCall<CreateInput>): Promise<AwsOutput> => {
    const { StreamName: name, Tags: tags = {} } = input;
    requireData(principal, 'admin', name);
    const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED';
    if (mode === 'PROVISIONED' && input.ShardCount === undefined) {
      throw new AwsError(
        'ValidationException',
        "1 validation error detected: Value null at 'shardCount' failed to satisfy constraint: Member must not be null",
      );
    }
    if (mode === 'ON_DEMAND' && input.ShardCount !== undefined) {
      throw new AwsError(
        'ValidationException',
        'ShardCount must not be specified for a stream in ON_DEMAND mode.',
      );
    }
    if (mode === 'PROVISIONED' && input.WarmThroughputMiBps !== undefined) throw notOnDemand(name);
    checkTags(tags, {}, `stream ${name} under account ${account.accountId}`);
    if (records.stream(name) !== undefined) {
      throw new AwsError(
        'ResourceInUseException',
        `Stream ${name} under account ${account.accountId} already exists.`,
      );
    }
    checkLimits(mode, input.ShardCount ?? 0);
    await translating(() =>
      records.create(
        name,
        {
          mode,
          tags,
          ...(input.ShardCount === undefined ? {} : { shardCount: input.ShardCount }),
          ...(input.MaxRecordSizeInKiB === undefined
            ? {}
            : { maxRecordBytes: input.MaxRecordSizeInKiB * KIB }),
          ...(input.WarmThroughputMiBps === undefined
            ? {}
            : { warmThroughputMibPerSecond: input.WarmThroughputMiBps }),
        },
        nowMs,
      ),
    );
    return {};
  };

  const checkLimits = (mode: StreamMode, shardCount: number): void => {
    if (mode === 'ON_DEMAND') {
      if (onDemandStreams() < ON_DEMAND_STREAM_LIMIT) return;
      throw new AwsError(
        'LimitExceededException',
        `Account ${account.accountId} has ${ON_DEMAND_STREAM_LIMIT} on-demand streams already.`,
      );
    }
    const openShards = countOpenShards();
    if (openShards + shardCount <= SHARD_LIMIT) return;
    throw shardLimitExceeded(account, openShards, shardCount);
  };

  const countOpenShards = () => records.list().reduce((sum, stream) => sum + openShardCount(stream), 0);
  const onDemandStreams = () => records.list().filter(({ mode }) => mode === 'ON_DEMAND').length;

  const deleteStream = async ({
    input,
    principal,
  }: AwsCall<StreamReference & { readonly EnforceConsumerDeletion?: boolean }>): Promise<AwsOutput> => {
    const { name } = resources.find(input, 'admin', principal);
    if (records.consumers(name).length > 0 && input.EnforceConsumerDeletion !== true) {
      throw new AwsError(
        'ResourceInUseException',
        `Stream ${name} under account ${account.accountId} has registered consumers: deregister them first, or set ` +
          'EnforceConsumerDeletion.',
      );
    }
    await translating(() => records.delete(name));
    return {};
  };

  const listStreams = ({ input, principal, nowMs }: AwsCall<ListInput>): AwsOutput => {
    const { NextToken, ExclusiveStartStreamName } = input;
    const after =
      NextToken === undefined
        ? ExclusiveStartStreamName
        : readNextToken('ListStreams', NextToken, nowMs).after;
    const limit = input.Limit ?? DEFAULT_LISTED_STREAMS;
    const seen = records
      .list(after === undefined ? {} : { after })
      .filter(({ name }) => mayStream(principal, 'view', name) || mayStream(principal, 'publish', name));
    const page = seen.slice(0, limit);
    const hasMore = seen.length > page.length;
    const last = page.at(-1)?.name ?? '';
    return {
      StreamNames: page.map(({ name }) => name),
      HasMoreStreams: hasMore,
      NextToken: hasMore ? makeNextToken({ scope: ['ListStreams'], after: last }, nowMs) : undefined,
      StreamSummaries: page.map((stream) => ({
        StreamName: stream.name,
        StreamARN: streamArn(account, stream.name),
        StreamStatus: statusOf(stream),
        StreamModeDetails: { StreamMode: stream.mode },
        StreamCreationTimestamp: stream.createdMs,
      })),
    };
  };

  /** What the long and the short description share. */
  const description = (stream: DataStreamInfo): AwsOutput => ({
    StreamName: stream.name,
    StreamARN: streamArn(account, stream.name),
    StreamStatus: statusOf(stream),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: stream.createdMs,
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.enhancedMonitoring }],
    EncryptionType: encryptionTypeOf(stream),
    KeyId: stream.encryptionKeyId,
  });

  const describeStream = ({
    input,
    principal,
  }: AwsCall<
    StreamReference & { readonly Limit?: number; readonly ExclusiveStartShardId?: string }
  >): AwsOutput => {
    const stream = resources.find(input, 'view', principal);
    const { ExclusiveStartShardId: after = '' } = input;
    const start = after === '' ? '' : requireShardId(account, stream.name, after);
    const shards = stream.shards.filter(({ id }) => id > start);
    const page = shards.slice(0, input.Limit ?? DEFAULT_DESCRIBED_SHARDS);
    return {
      StreamDescription: {
        ...description(stream),
        Shards: page.map(shardForm),
        HasMoreShards: page.length < shards.length,
      },
    };
  };

  const describeStreamSummary = ({ input, principal }: AwsCall<StreamReference>): AwsOutput => {
    const stream = resources.find(input, 'view', principal);
    return {
      StreamDescriptionSummary: {
        ...description(stream),
        OpenShardCount: openShardCount(stream),
        ConsumerCount: records.consumers(stream.name).length,
        MaxRecordSizeInKiB: Math.floor(stream.maxRecordBytes / KIB),
        WarmThroughput: warmThroughputForm(stream),
      },
    };
  };

  const describeLimits = ({ principal }: AwsCall<unknown>): AwsOutput => {
    requireData(principal, 'admin', '*');
    return {
      ShardLimit: SHARD_LIMIT,
      OpenShardCount: countOpenShards(),
      OnDemandStreamCount: onDemandStreams(),
      OnDemandStreamCountLimit: ON_DEMAND_STREAM_LIMIT,
    };
  };

  return {
    handlers: {
      CreateStream: createStream,
      DeleteStream: deleteStream,
      ListStreams: listStreams,
      DescribeStream: describeStream,
      DescribeStreamSummary: describeStreamSummary,
      DescribeLimits: describeLimits,
    },
  };
}

export function openShardCount({ shards }: DataStreamInfo): number {
  return shards.reduce((count, { closed }) => count + (closed === undefined ? 1 : 0), 0);
}

/** Nothing is reserved ahead on one machine: what is asked for is what there is. */
export function warmThroughputForm({
  warmThroughputMibPerSecond: mib,
}: DataStreamInfo): AwsOutput | undefined {
  return mib === undefined ? undefined : { TargetMiBps: mib, CurrentMiBps: mib };
}

function statusOf({ isUpdating }: DataStreamInfo): 'ACTIVE' | 'UPDATING' {
  return isUpdating ? 'UPDATING' : 'ACTIVE';
}
