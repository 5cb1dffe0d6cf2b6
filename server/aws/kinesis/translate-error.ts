import { RecordError, type RecordErrorCode } from '../../records/record-service.ts';
import { AwsError } from '../aws-call.ts';

const CODES: Readonly<Record<RecordErrorCode, string>> = {
  'not-found': 'ResourceNotFoundException',
  'already-exists': 'ResourceInUseException',
  'in-use': 'ResourceInUseException',
  'invalid-argument': 'InvalidArgumentException',
  'limit-exceeded': 'LimitExceededException',
  'throughput-exceeded': 'ProvisionedThroughputExceededException',
  'write-failed': 'InternalFailureException',
  closing: 'InternalFailureException',
};

/** What the data streams refuse, as the model calls it. */
export function awsErrorOf(error: RecordError): AwsError {
  const isInternal = CODES[error.code] === 'InternalFailureException';
  const message = isInternal ? 'The server cannot do this now.' : error.message;
  return new AwsError(CODES[error.code], message, isInternal ? { status: 500 } : {});
}

/** Runs an operation, its RecordErrors translated. */
export async function translating<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RecordError ? awsErrorOf(error) : error;
  }
}
