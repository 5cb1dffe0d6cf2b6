import { CatalogError } from '../../catalog/catalog.ts';
import { StreamError, type StreamErrorCode } from '../../streams/stream-service.ts';
import { AwsError } from '../aws-call.ts';

const STREAM_CODES: Readonly<Partial<Record<StreamErrorCode, string>>> = {
  'not-found': 'ResourceNotFoundException',
  'already-exists': 'ResourceInUseException',
  'invalid-name': 'InvalidArgumentException',
  busy: 'ResourceInUseException',
  'limit-exceeded': 'AccountStreamLimitExceededException',
};

const UNAVAILABLE = new Set<StreamErrorCode>(['closing', 'log-failed']);

/** What the streams and the catalog refuse, as the model calls it; any other error as it is. */
export function translateError(error: unknown): unknown {
  if (error instanceof StreamError) {
    const code = STREAM_CODES[error.code];
    if (code !== undefined) return new AwsError(code, error.message);
    if (UNAVAILABLE.has(error.code)) {
      return new AwsError('ServiceUnavailableException', 'The server cannot do this now.', { status: 503 });
    }
  }
  if (error instanceof CatalogError) {
    if (error.code === 'conflict') return new AwsError('VersionMismatchException', error.message);
    if (error.code === 'too-many')
      return new AwsError('TagsPerResourceExceededLimitException', error.message);
  }
  return error;
}
