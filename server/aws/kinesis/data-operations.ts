import {
  type PutPlace,
  RecordError,
  type RecordToPut,
  type StartingPosition,
} from '../../records/record-service.ts';
import { parseSequenceNumber } from '../../records/sequence-number.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { DataResources, requireData, type StreamReference } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { childShardForms, encryptionTypeOf, recordForm } from './record-forms.ts';
import { requireShardId } from './shard-id.ts';
import { makeShardIterator, readShardIterator } from './shard-iterator.ts';
import { startingPositionOf } from './starting-position.ts';
import { parseArn } from './stream-arn.ts';
import { awsErrorOf, translating } from './translate-error.ts';

interface RecordInput {
  readonly Data: Uint8Array;
  readonly PartitionKey: string;
  readonly ExplicitHashKey?: string;
}

interface IteratorInput extends StreamReference {
  readonly ShardId: string;
  readonly ShardIteratorType: StartingPosition['type'];
  readonly StartingSequenceNumber?: string;
  readonly Timestamp?: number;
}

/** "10 MiB in all" (kinesis-data-streams.md §4). */
const MAX_BATCH_BYTES = 10 * 1024 * 1024;
const MAX_READ_RECORDS = 10_000;
const MAX_READ_BYTES = 10 * 1024 * 1024;

/** Records in and out. */
export function dataOperations({ records, account, counters, readLimiter }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);

  const noShard = (shardId: string, stream: string): AwsError =>
    new AwsError(
      'ResourceNotFoundException',
      `Shard ${shardId} in stream ${stream} under account ${account.accountId} does not exist`,
    );

  /** The data streams know nothing of accounts. */
  const withAccount = <Refusal>(error: Refusal): Refusal | RecordError =>
    error instanceof RecordError && error.code === 'throughput-exceeded'
      ? new RecordError(error.code, `${error.message} under account ${account.accountId}.`, { cause: error })
      : error;

  const checkArn = (arn: string | undefined, name: string): void => {
    if (arn === undefined || parseArn(account, arn).stream === name) return;
    throw new AwsError('InvalidArgumentException', 'StreamARN and ShardIterator are of different streams.');
  };

  /** The order within a shard is that of arrival anyway; the number must be one, and not of the future. */
  const checkOrdering = (text: string | undefined, stream: string, nowMs: number): void => {
    const arrivalS = text === undefined ? undefined : parseSequenceNumber(text)?.arrivalS;
    // Older versions are only compared.
    if (arrivalS === undefined || arrivalS * 1000 <= nowMs) return;
    throw new AwsError(
      'InvalidArgumentException',
      `ExclusiveMinimumSequenceNumber ${text} used in PutRecord on stream ${stream} under account ` +
        `${account.accountId} is invalid.`,
    );
  };

  const putRecord = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<StreamReference & RecordInput & { readonly SequenceNumberForOrdering?: string }>) => {
    const stream = resources.find(input, 'publish', principal);
    checkOrdering(input.SequenceNumberForOrdering, stream.name, nowMs);
    const place = await translating(() =>
      records.put(stream.name, recordOf(input), nowMs).catch((error: unknown) => {
        throw withAccount(error);
      }),
    );
    return placeForm(place, encryptionTypeOf(stream));
  };

  const putRecords = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<StreamReference & { readonly Records: readonly RecordInput[] }>) => {
    const stream = resources.find(input, 'publish', principal);
    const batch = input.Records.map(recordOf);
    checkBatch(batch, stream.maxRecordBytes);
    const encryptionType = encryptionTypeOf(stream);
    const results = await translating(() => records.putMany(stream.name, batch, nowMs));
    const invalid = results.find((result) => isRefusalOfAll(result));
    if (invalid instanceof RecordError) throw awsErrorOf(invalid);
    return {
      FailedRecordCount: results.filter((result) => result instanceof RecordError).length,
      Records: results.map((result) =>
        result instanceof RecordError ? failureForm(withAccount(result)) : placeForm(result),
      ),
      EncryptionType: encryptionType,
    };
  };

  const getShardIterator = async ({ input, principal, nowMs }: AwsCall<IteratorInput>) => {
    const name = resources.nameOf(input, 'view', principal);
    const shardId = requireShardId(account, name, input.ShardId);
    const stream = records.stream(name);
    const shard = stream?.shards.find(({ id }) => id === shardId);
    if (stream === undefined || shard === undefined) throw noShard(shardId, name);
    const starting = startingPositionOf(
      {
        Type: input.ShardIteratorType,
        SequenceNumber: input.StartingSequenceNumber,
        Timestamp: input.Timestamp,
      },
      { operation: 'GetShardIterator', stream: name, accountId: account.accountId, shard, nowMs },
    );
    const position = await translating(() => records.position(name, shardId, starting, nowMs));
    return { ShardIterator: makeShardIterator(stream, position, nowMs) };
  };

  const getRecords = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<{ readonly ShardIterator: string; readonly Limit?: number; readonly StreamARN?: string }>) => {
    const iterator = readShardIterator(input.ShardIterator, nowMs);
    requireData(principal, 'view', iterator.stream);
    const { shardId } = iterator.position;
    const stream = records.stream(iterator.stream);
    // A stream that was made again under the name is another one.
    if (stream?.createdMs !== iterator.streamCreatedMs || !stream.shards.some(({ id }) => id === shardId)) {
      throw noShard(shardId, iterator.stream);
    }
    checkArn(input.StreamARN, stream.name);
    const shardKey = `${stream.name}/${shardId}`;
    if (!readLimiter.admits(shardKey, nowMs)) {
      counters.of(stream.name).throttledReads += 1;
      throw new AwsError(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${shardId} in stream ${stream.name} under account ${account.accountId}.`,
      );
    }
    const limits = { maxRecords: input.Limit ?? MAX_READ_RECORDS, maxBytes: MAX_READ_BYTES };
    const read = await translating(() => records.read(stream.name, iterator.position, limits, nowMs));
    const sizeBytes = read.records.reduce((sum, { data }) => sum + data.length, 0);
    readLimiter.spend(shardKey, sizeBytes, nowMs);
    counters.countPoll(stream.name, read);
    const encryptionType = encryptionTypeOf(stream);
    return {
      Records: read.records.map((record) => recordForm(record, encryptionType)),
      NextShardIterator: read.isAtEnd ? undefined : makeShardIterator(stream, read.next, nowMs),
      MillisBehindLatest: read.behindLatestMs,
      ChildShards: childShardForms(read),
    };
  };

  return {
    handlers: {
      PutRecord: putRecord,
      PutRecords: putRecords,
      GetShardIterator: getShardIterator,
      GetRecords: getRecords,
    },
  };
}

function recordOf({ Data, PartitionKey, ExplicitHashKey }: RecordInput): RecordToPut {
  return {
    partitionKey: PartitionKey,
    data: Data,
    ...(ExplicitHashKey === undefined ? {} : { explicitHashKey: ExplicitHashKey }),
  };
}

/** What makes the whole call invalid. */
function checkBatch(batch: readonly RecordToPut[], maxRecordBytes: number): void {
  let sum = 0;
  for (const { data, partitionKey } of batch) {
    const sizeBytes = data.length + Buffer.byteLength(partitionKey);
    if (sizeBytes > maxRecordBytes) {
      throw new AwsError(
        'InvalidArgumentException',
        `A record has ${sizeBytes} bytes, more than ${maxRecordBytes}.`,
      );
    }
    sum += sizeBytes;
  }
  if (sum > MAX_BATCH_BYTES) {
    throw new AwsError(
      'InvalidArgumentException',
      `The records have ${sum} bytes, more than ${MAX_BATCH_BYTES}.`,
    );
  }
}

/** A stream that went away, or an argument that makes no sense, is the call's fault and not one record's. */
function isRefusalOfAll(result: PutPlace | RecordError): boolean {
  return result instanceof RecordError && (result.code === 'invalid-argument' || result.code === 'not-found');
}

function placeForm({ shardId, sequenceNumber }: PutPlace, encryptionType?: 'KMS' | 'NONE') {
  return { ShardId: shardId, SequenceNumber: sequenceNumber, EncryptionType: encryptionType };
}

function failureForm(error: RecordError) {
  const isRate = error.code === 'throughput-exceeded';
  return {
    ErrorCode: isRate ? 'ProvisionedThroughputExceededException' : 'InternalFailure',
    ErrorMessage: isRate ? error.message : 'Internal Service Failure',
  };
}
