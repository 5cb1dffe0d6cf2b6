/**
 * Why a playback session, or a request for one of its children, is refused. The names are those of the AWS model where it has
 * one (kvs.md §4); GetHLSStreamingSessionURL and the others answer with them, children by status.
 */
export type SessionErrorCode =
  | 'InvalidArgumentException'
  | 'ResourceNotFoundException'
  | 'AccessDeniedException'
  | 'NoDataRetentionException'
  | 'UnsupportedStreamMediaTypeException'
  | 'MissingCodecPrivateDataException'
  | 'InvalidCodecPrivateDataException'
  | 'MethodNotAllowed'
  | 'ServiceUnavailable';

const STATUS: Readonly<Record<SessionErrorCode, number>> = {
  InvalidArgumentException: 400,
  ResourceNotFoundException: 404,
  AccessDeniedException: 403,
  NoDataRetentionException: 400,
  UnsupportedStreamMediaTypeException: 400,
  MissingCodecPrivateDataException: 400,
  InvalidCodecPrivateDataException: 400,
  MethodNotAllowed: 405,
  ServiceUnavailable: 503,
};

export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string) {
    super(message);
    this.name = 'SessionError';
    this.code = code;
  }

  /** HTTP status for a child. */
  get status(): number {
    return STATUS[this.code];
  }
}

/** The words of the service (kvs.md §4.3). */
export function noFragments(): SessionError {
  return new SessionError(
    'ResourceNotFoundException',
    'No fragments found in the stream for the streaming request.',
  );
}
