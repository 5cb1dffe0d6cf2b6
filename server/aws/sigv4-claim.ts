import { AwsError } from './aws-call.ts';
import { headerValue, headerValues, type ReceivedRequest, splitTarget } from './sigv4-request.ts';

/**
 * What a request says of its signature (AWS Signature Version 4): in the Authorization header, or in the query of a
 * presigned URL. Nothing is verified here but the form.
 */
export interface SignatureClaim {
  readonly place: 'header' | 'query';
  readonly keyId: string;
  /** The scope: `YYYYMMDD`, region and service that the signing key was made for. */
  readonly dateStamp: string;
  readonly region: string;
  readonly service: string;
  /** In lower case, in the signer's order. */
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
  readonly signedMs: number;
  /** How long a presigned URL is good; `undefined` in headers. */
  readonly lifetimeMs: number | undefined;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Bounds of what is taken for a signature at all. */
const MAX_SIGNED_HEADERS = 100;
const MAX_LIFETIME_S = 604_800;

const SIGNATURE = /^[0-9a-f]{64}$/;
/** RFC 9110 §5.6.2 token, in lower case; HTTP/2 signers may name `:authority`. */
const HEADER_NAME = /^:?[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const KEY_ID = /^[\w.:@=+-]{1,128}$/;

/**
 * Reads the claim of a request; `undefined` when it has none. Throws AwsError: `IncompleteSignatureException` for a
 * broken one, `InvalidSignatureException` for two of them.
 */
export function readClaim(request: ReceivedRequest): SignatureClaim | undefined {
  const { query } = splitTarget(request.target);
  const parameters = query.includes('X-Amz-') ? new URLSearchParams(query) : undefined;
  const isPresigned =
    parameters !== undefined && (parameters.has('X-Amz-Algorithm') || parameters.has('X-Amz-Signature'));
  const authorizations = headerValues(request, 'authorization').filter((value) => value.startsWith('AWS4-'));
  const [authorization] = authorizations;
  if (authorization !== undefined && isPresigned) {
    throw twoSignatures(
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }
  if (authorizations.length > 1) throw twoSignatures("Found more than one 'Authorization' HTTP header.");
  if (authorization !== undefined) return claimOfHeader(request, authorization);
  return isPresigned ? claimOfQuery(parameters) : undefined;
}

function claimOfHeader(request: ReceivedRequest, authorization: string): SignatureClaim {
  const [algorithm = '', ...parts] = authorization.split(/[ ,]+/).filter((part) => part !== '');
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? '' : part.slice(0, equals);
    if (parameters.has(name))
      throw incomplete(`the Authorization header names ${SHOWN.has(name) ? name : 'a parameter'} twice`);
    parameters.set(name, part.slice(equals + 1));
  }
  const missing = [...SHOWN]
    .filter((name) => (parameters.get(name) ?? '') === '')
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (headerValue(request, 'x-amz-date') === undefined && headerValue(request, 'date') === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (missing.length > 0) throw incompleteBy(missing);
  if (parameters.has('')) throw incomplete('the Authorization header must be a list of NAME=VALUE');
  if (algorithm !== ALGORITHM) throw incomplete(`the algorithm must be ${ALGORITHM}`);
  return {
    place: 'header',
    ...readParameters((name) => parameters.get(name), {
      credential: 'Credential',
      headers: 'SignedHeaders',
      signature: 'Signature',
    }),
    signedMs: dateOfHeaders(request),
    lifetimeMs: undefined,
  };
}

/** In the order in which the service names those that are missing. */
const SHOWN: ReadonlySet<string> = new Set(['Credential', 'Signature', 'SignedHeaders']);
const QUERY_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
];

function claimOfQuery(parameters: URLSearchParams): SignatureClaim {
  const textOf = (name: string): string | undefined => {
    const values = parameters.getAll(name);
    if (values.length > 1) throw incomplete(`the query has ${name} twice`);
    return values[0];
  };
  const missing = QUERY_PARAMETERS.filter((name) => (textOf(name) ?? '') === '').map(
    (name) => `AWS query-string parameters must include '${name}'.`,
  );
  if (missing.length > 0) throw incompleteBy([...missing, 'Re-examine the query-string parameters.']);
  if (textOf('X-Amz-Algorithm') !== ALGORITHM) throw incomplete(`X-Amz-Algorithm must be ${ALGORITHM}`);
  const lifetimeS = textOf('X-Amz-Expires') ?? '';
  if (!/^\d{1,6}$/.test(lifetimeS) || Number(lifetimeS) > MAX_LIFETIME_S) {
    throw incomplete(`X-Amz-Expires must be a number of seconds up to ${MAX_LIFETIME_S}`);
  }
  const signedMs = parseBasicDate(textOf('X-Amz-Date') ?? '');
  if (signedMs === undefined) throw incomplete('X-Amz-Date must be a time like 20260203T040506Z');
  return {
    place: 'query',
    ...readParameters(textOf, {
      credential: 'X-Amz-Credential',
      headers: 'X-Amz-SignedHeaders',
      signature: 'X-Amz-Signature',
    }),
    signedMs,
    lifetimeMs: Number(lifetimeS) * 1000,
  };
}

function readParameters(
  textOf: (name: string) => string | undefined,
  names: { readonly credential: string; readonly headers: string; readonly signature: string },
): Omit<SignatureClaim, 'place' | 'signedMs' | 'lifetimeMs'> {
  const credential = textOf(names.credential)?.split('/');
  const headers = textOf(names.headers);
  const signature = textOf(names.signature);
  if (credential === undefined) throw incomplete(`${names.credential} is missing`);
  if (headers === undefined) throw incomplete(`${names.headers} is missing`);
  if (signature === undefined) throw incomplete(`${names.signature} is missing`);
  const [keyId = '', dateStamp = '', region = '', service = '', terminator] = credential;
  if (
    credential.length !== 5 ||
    terminator !== 'aws4_request' ||
    !KEY_ID.test(keyId) ||
    !/^\d{8}$/.test(dateStamp)
  ) {
    throw incomplete(`${names.credential} must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request`);
  }
  if (!SIGNATURE.test(signature)) throw incomplete(`${names.signature} must be 64 hexadecimal digits`);
  const signedHeaders = headers.toLowerCase().split(';');
  if (signedHeaders.length > MAX_SIGNED_HEADERS || !signedHeaders.every((name) => HEADER_NAME.test(name))) {
    throw incomplete(`${names.headers} must be header names with semicolons between them`);
  }
  return { keyId, dateStamp, region, service, signedHeaders, signature };
}

/** "The date can be in the x-amz-date or the date header"; the first counts when there are both. */
function dateOfHeaders(request: ReceivedRequest): number {
  const amzDate = headerValue(request, 'x-amz-date');
  const date = amzDate ?? headerValue(request, 'date');
  if (date === undefined) throw incomplete('an X-Amz-Date or a Date header is needed');
  const basic = parseBasicDate(date);
  if (basic !== undefined) return basic;
  const httpMs = amzDate === undefined && / GMT$/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(httpMs)) throw incomplete('the date must be a time like 20260203T040506Z');
  return httpMs;
}

/** Reads `YYYYMMDD'T'HHMMSS'Z'`; `undefined` when it is none, also for a 30th of February. */
export function parseBasicDate(text: string): number | undefined {
  const fields = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (fields === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.slice(1).map(Number);
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return formatBasicDate(timeMs) === text ? timeMs : undefined;
}

/** Writes `YYYYMMDD'T'HHMMSS'Z'`. */
export function formatBasicDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+|[-:]/g, '');
}

/** In the service's own words. It repeats the whole header behind them; we do not. */
function incompleteBy(reasons: readonly string[]): AwsError {
  return new AwsError('IncompleteSignatureException', reasons.join(' '), { status: 400 });
}

function twoSignatures(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message, { status: 403 });
}

function incomplete(reason: string): AwsError {
  return new AwsError('IncompleteSignatureException', `The request's signature is incomplete: ${reason}.`, {
    status: 400,
  });
}
