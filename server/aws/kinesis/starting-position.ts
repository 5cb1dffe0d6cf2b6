import type { ShardInfo, StartingPosition } from '../../records/record-service.ts';
import { parseSequenceNumber } from '../../records/sequence-number.ts';
import { shardIdOf } from '../../records/shard.ts';
import { AwsError } from '../aws-call.ts';

/** Where to begin, as requests say it. */
export interface StartingInput {
  readonly Type: StartingPosition['type'];
  readonly SequenceNumber?: string | undefined;
  /** Epoch ms. */
  readonly Timestamp?: number | undefined;
}

/** What the numbers are held against, and called in messages. */
export interface StartingPlace {
  readonly operation: string;
  readonly stream: string;
  readonly accountId: string;
  readonly shard: ShardInfo;
  readonly nowMs: number;
}

/**
 * Where to begin, out of the members that say so. Throws AwsError `InvalidArgumentException` for those that do not go together,
 * for a number of another shard and a time to come.
 */
export function startingPositionOf(
  { Type: type, SequenceNumber: sequenceNumber, Timestamp: atMs }: StartingInput,
  place: StartingPlace,
): StartingPosition {
  switch (type) {
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      if (sequenceNumber === undefined) throw mustSpecify(type, 'no StartingSequenceNumber');
      checkNumber(sequenceNumber, place);
      return { type, sequenceNumber };
    case 'AT_TIMESTAMP':
      if (atMs === undefined) {
        throw invalid(
          'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
        );
      }
      if (atMs > place.nowMs) {
        throw invalid(
          'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
            `timestampInMillis: ${atMs}, currentTimestampInMillis: ${place.nowMs}`,
        );
      }
      return { type, atMs };
    default:
      if (sequenceNumber !== undefined) throw mustSpecify(type, 'also a StartingSequenceNumber');
      return { type };
  }
}

function checkNumber(text: string, { operation, stream, accountId, shard }: StartingPlace): void {
  const parsed = parseSequenceNumber(text);
  const used =
    `StartingSequenceNumber ${text} used in ${operation} on shard ${shard.id} in stream ${stream} under account ` +
    `${accountId} is invalid`;
  if (parsed === undefined) throw invalid(`${used}.`);
  if (parsed.shardIndex !== shard.index) {
    throw invalid(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(parsed.shardIndex)}, ` +
        `while it was used in a call to a shard with ${shard.id}`,
    );
  }
  if (parsed.shardCreatedS !== Math.floor(shard.createdMs / 1000)) {
    throw invalid(`${used} because it did not come from this stream.`);
  }
}

function mustSpecify(type: string, what: string): AwsError {
  return invalid(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
      `(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${what}.`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
