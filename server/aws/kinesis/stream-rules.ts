import type { DataStreamInfo } from '../../records/record-service.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';
import { SHARD_LIMIT } from './kinesis-parts.ts';

/** What a stream must be for its shards to be changed by a call. Throws AwsError `ResourceInUseException`, `ValidationException`. */
export function checkMayReshard({ accountId }: AwsAccount, { name, isUpdating, mode }: DataStreamInfo): void {
  if (isUpdating) {
    throw new AwsError(
      'ResourceInUseException',
      `Stream ${name} under account ${accountId} not ACTIVE, instead in state UPDATING`,
    );
  }
  // "This API is only supported for data streams with the provisioned capacity mode."
  if (mode === 'ON_DEMAND') {
    throw new AwsError(
      'ValidationException',
      `Stream ${name} under account ${accountId} has the capacity mode ON_DEMAND and decides about its shards itself.`,
    );
  }
}

/** A shard that is closed already. */
export function notEligible({ accountId }: AwsAccount, stream: string, shardId: string): AwsError {
  return new AwsError(
    'InvalidArgumentException',
    `Shard ${shardId} in stream ${stream} under account ${accountId} has already been merged or split, and thus is not ` +
      'eligible for merging or splitting.',
  );
}

/** More open shards than an account may have. */
export function shardLimitExceeded(
  { accountId, region }: AwsAccount,
  present: number,
  additional: number,
): AwsError {
  return new AwsError(
    'LimitExceededException',
    `This request would exceed the shard limit for the account ${accountId} in ${region}. Current shard count for the account: ` +
      `${present}. Limit: ${SHARD_LIMIT}. Number of additional shards that would have resulted from this request: ` +
      `${additional}. Refer to the AWS Service Limits page ` +
      '(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.',
  );
}

/** Throughput is reserved ahead for streams on demand only. */
export function notOnDemand(name: string): AwsError {
  return new AwsError(
    'ValidationException',
    `WarmThroughputMiBps is for streams in ON_DEMAND mode, which ${name} is not.`,
  );
}
