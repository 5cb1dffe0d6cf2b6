import { z } from 'zod';
import { LogReadError, type LogReadErrorCode } from '../../fragments/stream/fragment-log.ts';
import { DecodeError, type DecodeErrorCode } from '../../ml/decode/decode-job.ts';
import { WatchError, type WatchErrorCode } from '../../ml/supervisor/supervisor.ts';
import type { Recognition } from '../access/access.ts';
import { CatalogError, type CatalogErrorCode } from '../catalog/catalog.ts';
import { EnrollError, type EnrollErrorCode } from '../faces/enrollment.ts';
import { GalleryError, type GalleryErrorCode } from '../faces/gallery.ts';
import { LookbackError, type LookbackErrorCode } from '../lookback/lookback-error.ts';
import { GroupError, type GroupErrorCode } from '../records/groups/group-error.ts';
import { RecordError, type RecordErrorCode } from '../records/record-service.ts';
import { StreamError, type StreamErrorCode } from '../streams/stream-service.ts';

/** An answer that is not a success: an HTTP status, a stable code for programs and a sentence for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** Headers that belong to the answer, e.g. `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const STREAM_ERROR_STATUS: Record<StreamErrorCode, number> = {
  'not-found': 404,
  'already-exists': 409,
  'invalid-name': 400,
  busy: 409,
  'auto-create-off': 403,
  'limit-exceeded': 409,
  'log-failed': 503,
  closing: 503,
};

const LOG_READ_ERROR_STATUS: Record<LogReadErrorCode, number> = {
  gone: 410,
  'not-found': 404,
  damaged: 500,
  'io-error': 500,
};

const CATALOG_ERROR_STATUS: Record<CatalogErrorCode, number> = {
  'already-exists': 409,
  'not-found': 404,
  conflict: 409,
  'too-many': 409,
  'in-use': 409,
  'too-new': 500,
  damaged: 500,
};

const RECORD_ERROR_STATUS: Record<RecordErrorCode, number> = {
  'not-found': 404,
  'already-exists': 409,
  'in-use': 409,
  'invalid-argument': 400,
  'limit-exceeded': 409,
  'throughput-exceeded': 429,
  'write-failed': 503,
  closing: 503,
};

const GROUP_ERROR_STATUS: Record<GroupErrorCode, number> = {
  'not-found': 404,
  'lease-lost': 409,
  'not-joined': 409,
  'checkpoint-behind': 409,
  'invalid-argument': 400,
  'limit-exceeded': 409,
};

const GALLERY_ERROR_STATUS: Record<GalleryErrorCode, number> = {
  'not-found': 404,
  'already-exists': 409,
  'invalid-name': 400,
  'limit-exceeded': 409,
  'no-face': 422,
  unreadable: 500,
};

const ENROLL_ERROR_STATUS: Record<EnrollErrorCode, number> = {
  'no-face': 422,
  'several-faces': 422,
  'too-small': 422,
  'no-media': 404,
  'media-error': 422,
};

/** Of a single picture that is looked at. */
const WATCH_ERROR_STATUS: Record<WatchErrorCode, number> = {
  'bad-media': 422,
  'too-large': 422,
  busy: 503,
  timeout: 503,
  crashed: 503,
  'no-model': 503,
  unavailable: 503,
  closed: 503,
};

/** Of a frame that is decoded to be looked at. */
const DECODE_ERROR_STATUS: Record<DecodeErrorCode, number> = {
  'bad-media': 422,
  'too-large': 422,
  unsupported: 501,
  busy: 503,
  timeout: 503,
  crashed: 503,
  quarantined: 503,
  closed: 503,
};

const LOOKBACK_ERROR_STATUS: Record<LookbackErrorCode, number> = {
  'not-found': 404,
  'no-stream': 404,
  'no-media': 404,
  invalid: 400,
  'too-many': 409,
  'wrong-state': 409,
  closing: 503,
};

const OUR_FAULT = 'The server could not do this; its log says why.';

const REFUSALS = {
  'no-credentials': () => new ApiError(401, 'no-credentials', 'Sign in, or send a key.', CHALLENGE),
  invalid: () =>
    new ApiError(401, 'invalid-credentials', 'The session, key or token is not known.', CHALLENGE),
  expired: () =>
    new ApiError(401, 'expired-credentials', 'The session, key or token has expired.', CHALLENGE),
  'rate-limited': () =>
    new ApiError(429, 'rate-limited', 'Too many failed attempts from this address.', { 'retry-after': '30' }),
} as const;

// RFC 9110 section 11.6.1: "A server generating a 401 (Unauthorized) response MUST send a WWW-Authenticate header field".
const CHALLENGE = { 'www-authenticate': 'Bearer realm="framelog"' } as const;

/** The answer for somebody who was not recognized. */
export function refusal(recognition: Extract<Recognition, { ok: false }>): ApiError {
  return REFUSALS[recognition.reason]();
}

/** Translates whatever a handler threw. Errors that are nobody's fault but ours say nothing of the inside. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof z.ZodError) return new ApiError(400, 'invalid-request', describeIssues(error));
  if (error instanceof StreamError) return translated(error, STREAM_ERROR_STATUS[error.code]);
  if (error instanceof LogReadError) return translated(error, LOG_READ_ERROR_STATUS[error.code]);
  if (error instanceof CatalogError) return translated(error, CATALOG_ERROR_STATUS[error.code]);
  if (error instanceof RecordError) return translated(error, RECORD_ERROR_STATUS[error.code]);
  if (error instanceof GroupError) return translated(error, GROUP_ERROR_STATUS[error.code]);
  if (error instanceof GalleryError) return translated(error, GALLERY_ERROR_STATUS[error.code]);
  if (error instanceof EnrollError) return translated(error, ENROLL_ERROR_STATUS[error.code]);
  if (error instanceof WatchError) return translated(error, WATCH_ERROR_STATUS[error.code]);
  if (error instanceof DecodeError) return translated(error, DECODE_ERROR_STATUS[error.code]);
  if (error instanceof LookbackError) return translated(error, LOOKBACK_ERROR_STATUS[error.code]);
  return fromHttpError(error) ?? new ApiError(500, 'internal', OUR_FAULT, {}, { cause: error });
}

function translated(error: Error & { readonly code: string }, status: number): ApiError {
  const message = status < 500 ? error.message : OUR_FAULT;
  return new ApiError(status, error.code, message, {}, { cause: error });
}

/** Express and its body parser throw `http-errors`: a status, and a message that may be shown when `expose` is set. */
function fromHttpError(error: unknown): ApiError | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status < 400 || error.status >= 500) return undefined;
  const code = error.status === 413 ? 'body-too-large' : 'invalid-request';
  return new ApiError(error.status, code, error.message, {}, { cause: error });
}

function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message))
    .join('; ');
}
