import { WatchError, type WatchErrorCode } from '../../../ml/supervisor/supervisor.ts';
import { GalleryError, type GalleryErrorCode } from '../../faces/gallery.ts';
import { ProcessorError, type ProcessorErrorCode } from '../../processors/processor-error.ts';
import { AwsError } from '../aws-call.ts';

const INTERNAL = 'InternalServerError';

const GALLERY_CODES: Readonly<Record<GalleryErrorCode, string>> = {
  'not-found': 'ResourceNotFoundException',
  'already-exists': 'ResourceAlreadyExistsException',
  'invalid-name': 'InvalidParameterException',
  'limit-exceeded': 'ServiceQuotaExceededException',
  'no-face': 'InvalidParameterException',
  unreadable: INTERNAL,
};

const WATCH_CODES: Readonly<Record<WatchErrorCode, string>> = {
  'bad-media': 'InvalidImageFormatException',
  'too-large': 'ImageTooLargeException',
  busy: 'ProvisionedThroughputExceededException',
  timeout: INTERNAL,
  crashed: INTERNAL,
  'no-model': INTERNAL,
  unavailable: INTERNAL,
  closed: INTERNAL,
};

const PROCESSOR_CODES: Readonly<Record<ProcessorErrorCode, string>> = {
  'not-found': 'ResourceNotFoundException',
  'in-use': 'ResourceInUseException',
  'limit-exceeded': 'LimitExceededException',
  'no-stream': 'ResourceNotFoundException',
  'no-consent': 'AccessDeniedException',
  'not-for-kind': 'InvalidParameterException',
  closing: INTERNAL,
};

/** Runs an operation; what the galleries, the supervisor and the processors refuse is told as the model calls it. */
export async function translating<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): unknown {
  if (error instanceof GalleryError) return awsError(GALLERY_CODES[error.code], error);
  if (error instanceof WatchError) return awsError(WATCH_CODES[error.code], error);
  if (error instanceof ProcessorError) return awsError(PROCESSOR_CODES[error.code], error);
  return error;
}

function awsError(code: string, { message }: Error): AwsError {
  return new AwsError(code, message, code === INTERNAL ? { status: 500 } : {});
}

/** A request that its own model lets through, and that means nothing, or nothing here. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
