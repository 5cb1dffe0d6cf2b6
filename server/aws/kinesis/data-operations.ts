import {
  type PutPlace,
  RecordError,
  type RecordToPut,
  type StartingPosition,
} from '../../records/record-service.ts';
import { isSequenceNumberText, parseSequenceNumber } from '../../records/sequence-number.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { DataResources, requireData, type StreamReference } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { childShardForms, encryptionTypeOf, recordForm } from './record-forms.ts';
import { makeShardIterator, readShardIterator } from './shard-iterator.ts';
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
export function dataOperations({ records, account, readLimiter }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);

  const putRecord = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<StreamReference & RecordInput & { readonly SequenceNumberForOrdering?: string }>) => {
    const stream = resources.find(input, 'publish', principal);
    checkOrdering(input.SequenceNumberForOrdering, nowMs);
    const place = await translating(() => records.put(stream.name, recordOf(input), nowMs));
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
        result instanceof RecordError ? failureForm(result) : placeForm(result),
      ),
      EncryptionType: encryptionType,
    };
  };

  const getShardIterator = async ({ input, principal, nowMs }: AwsCall<IteratorInput>) => {
    const stream = resources.find(input, 'view', principal);
    const starting = startingPositionOf({
      Type: input.ShardIteratorType,
      ...(input.StartingSequenceNumber === undefined ? {} : { SequenceNumber: input.StartingSequenceNumber }),
      ...(input.Timestamp === undefined ? {} : { Timestamp: input.Timestamp }),
    });
    const position = await translating(() => records.position(stream.name, input.ShardId, starting, nowMs));
    return { ShardIterator: makeShardIterator(stream, position, nowMs) };
  };

  const getRecords = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<{ readonly ShardIterator: string; readonly Limit?: number; readonly StreamARN?: string }>) => {
    const iterator = readShardIterator(input.ShardIterator, nowMs);
    requireData(principal, 'view', iterator.stream);
    const stream = resources.stream(iterator.stream);
    if (stream.createdMs !== iterator.streamCreatedMs) {
      throw new AwsError('ResourceNotFoundException', 'The stream of the ShardIterator was deleted.');
    }
    const shardKey = `${stream.name}/${iterator.position.shardId}`;
    if (!readLimiter.admits(shardKey, nowMs)) {
      throw new AwsError(
        'ProvisionedThroughputExceededException',
        `Rate exceeded for shard ${iterator.position.shardId} in stream ${stream.name} under account ${account.accountId}.`,
      );
    }
    const limits = { maxRecords: input.Limit ?? MAX_READ_RECORDS, maxBytes: MAX_READ_BYTES };
    const read = await translating(() => records.read(stream.name, iterator.position, limits, nowMs));
    const sizeBytes = read.records.reduce((sum, { data }) => sum + data.length, 0);
    readLimiter.spend(shardKey, sizeBytes, nowMs);
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

/** Where to begin, out of the members that say so. Throws AwsError `InvalidArgumentException` for those that do not go together. */
export function startingPositionOf(input: {
  readonly Type: StartingPosition['type'];
  readonly SequenceNumber?: string;
  readonly Timestamp?: number;
}): StartingPosition {
  const { Type: type, SequenceNumber: sequenceNumber, Timestamp: atMs } = input;
  switch (type) {
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      if (sequenceNumber === undefined) throw mustSpecify(type, 'no StartingSequenceNumber');
      return { type, sequenceNumber };
    case 'AT_TIMESTAMP':
      if (atMs === undefined) {
        throw new AwsError(
          'InvalidArgumentException',
          'Must specify timestamp parameter for iterator of type AT_TIMESTAMP.',
        );
      }
      return { type, atMs };
    default:
      if (sequenceNumber !== undefined) throw mustSpecify(type, 'also a StartingSequenceNumber');
      return { type };
  }
}

function mustSpecify(type: string, what: string): AwsError {
  return new AwsError(
    'InvalidArgumentException',
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
      `(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${what}.`,
  );
}

function recordOf({ Data, PartitionKey, ExplicitHashKey }: RecordInput): RecordToPut {
  return {
    partitionKey: PartitionKey,
    data: Data,
    ...(ExplicitHashKey === undefined ? {} : { explicitHashKey: ExplicitHashKey }),
  };
}

/** The order within a shard is that of arrival anyway; the number must be one, and not of the future. */
function checkOrdering(text: string | undefined, nowMs: number): void {
  if (text === undefined) return;
  const parsed = parseSequenceNumber(text);
  const isFuture = parsed !== undefined && parsed.arrivalS * 1000 > nowMs;
  if (isSequenceNumberText(text) && !isFuture) return;
  throw new AwsError(
    'InvalidArgumentException',
    `ExclusiveMinimumSequenceNumber ${text} used in PutRecord is invalid.`,
  );
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
