import type { DataStreamInfo, SequencedRecord, ShardInfo, ShardRead } from '../../records/record-service.ts';
import type { AwsOutput } from '../aws-call.ts';

/** Shards and records in the model's words. */

export function encryptionTypeOf({ encryptionKeyId }: DataStreamInfo): 'KMS' | 'NONE' {
  return encryptionKeyId === undefined ? 'NONE' : 'KMS';
}

export function recordForm(record: SequencedRecord, encryptionType: 'KMS' | 'NONE'): AwsOutput {
  return {
    SequenceNumber: record.sequenceNumber,
    ApproximateArrivalTimestamp: record.arrivalMs,
    Data: record.data,
    PartitionKey: record.partitionKey,
    EncryptionType: encryptionType,
  };
}

function hashKeyRange({ range }: ShardInfo): AwsOutput {
  return { StartingHashKey: range.start.toString(), EndingHashKey: range.end.toString() };
}

export function shardForm(shard: ShardInfo): AwsOutput {
  return {
    ShardId: shard.id,
    ParentShardId: shard.parentId,
    AdjacentParentShardId: shard.adjacentParentId,
    HashKeyRange: hashKeyRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      EndingSequenceNumber: shard.closed?.endingSequenceNumber,
    },
  };
}

/** Only at the end of a closed shard. */
export function childShardForms({ isAtEnd, children }: ShardRead): AwsOutput[] | undefined {
  if (!isAtEnd) return undefined;
  return children.map((child) => ({
    ShardId: child.id,
    ParentShards: [child.parentId, child.adjacentParentId].filter((id) => id !== undefined),
    HashKeyRange: hashKeyRange(child),
  }));
}
