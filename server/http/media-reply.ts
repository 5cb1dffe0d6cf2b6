import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ByteRange, parseByteRange } from './byte-range.ts';

/** What a media response says of itself. */
export interface MediaHead {
  readonly contentType: string;
  readonly cacheControl: string;
  /** With its quotes. Only a body that never changes has one; only such a body can be had in ranges or as 304. */
  readonly etag?: string;
  readonly contentEncoding?: 'gzip';
  readonly vary?: string;
  readonly contentDisposition?: string;
}

/** How a request for a body is answered: which status, which bytes, and whether they are sent at all. */
export interface MediaReply {
  readonly status: 200 | 206 | 304 | 416;
  readonly range: ByteRange;
  readonly sendsBody: boolean;
}

/**
 * Sent with every response, errors included: a player on another origin must be able to read the error. `*` never
 * lets cookies through, so another origin needs a playback token.
 */
export const COMMON_HEADERS: readonly string[] = [
  'Access-Control-Allow-Origin',
  '*',
  // What a camera sent is never to be taken for a page of ours.
  'X-Content-Type-Options',
  'nosniff',
];

/** For scripts of other origins; what is left out of it here, they can read anyway or have no use for. */
const EXPOSED = ['Access-Control-Expose-Headers', 'Content-Range, ETag'];
const EXPOSED_OF_ERRORS = ['Access-Control-Expose-Headers', 'Retry-After'];

/** Judges HEAD, `If-None-Match`, `Range` and `If-Range` (RFC 9110 §13.2.2 gives the order). */
export function decideReply(request: IncomingMessage, head: MediaHead, sizeBytes: number): MediaReply {
  const sendsBody = request.method !== 'HEAD';
  const whole: ByteRange = { startBytes: 0, endBytes: sizeBytes };
  const { etag } = head;
  if (etag === undefined) return { status: 200, range: whole, sendsBody };
  const { headers } = request;
  const known = headers['if-none-match'];
  if (known !== undefined && (known === '*' || known.includes(etag))) {
    return { status: 304, range: whole, sendsBody: false };
  }
  const condition = headers['if-range'];
  // "If the validator does not match, the server SHOULD ignore the Range header field."
  const applies = condition === undefined || condition === etag;
  const range = applies ? parseByteRange(headers.range, sizeBytes) : undefined;
  if (range === 'unsatisfiable') return { status: 416, range: whole, sendsBody: false };
  if (range === undefined) return { status: 200, range: whole, sendsBody };
  return { status: 206, range, sendsBody };
}

/** Writes the status line and the headers. A flat array takes the shortest way through node:http. */
export function writeReplyHead(
  response: ServerResponse,
  head: MediaHead,
  reply: MediaReply,
  sizeBytes: number,
): void {
  const { range, status } = reply;
  const headers = COMMON_HEADERS.slice();
  if (status === 416) {
    headers.push(...EXPOSED, 'Content-Range', `bytes */${sizeBytes}`, 'Content-Length', '0');
    response.writeHead(416, headers);
    return;
  }
  headers.push('Cache-Control', head.cacheControl);
  if (head.vary !== undefined) headers.push('Vary', head.vary);
  if (head.etag !== undefined) headers.push(...EXPOSED, 'ETag', head.etag);
  if (status !== 304) {
    headers.push('Content-Type', head.contentType);
    if (head.contentDisposition !== undefined) headers.push('Content-Disposition', head.contentDisposition);
    headers.push('Content-Length', String(range.endBytes - range.startBytes));
    if (head.etag !== undefined) headers.push('Accept-Ranges', 'bytes');
    if (head.contentEncoding !== undefined) headers.push('Content-Encoding', head.contentEncoding);
  }
  if (status === 206) {
    headers.push('Content-Range', `bytes ${range.startBytes}-${range.endBytes - 1}/${sizeBytes}`);
  }
  response.writeHead(status, headers);
}

/** Writes the status line and the headers of a body whose length is not known yet. */
export function writeUnboundedHead(response: ServerResponse, head: MediaHead): void {
  const { contentType, cacheControl } = head;
  response.writeHead(200, [...COMMON_HEADERS, 'Cache-Control', cacheControl, 'Content-Type', contentType]);
}

/** The client hung up, or the answer was sent: writing to it would be an error. */
export function isGone(response: ServerResponse): boolean {
  return (
    response.writableEnded || response.closed || response.destroyed || response.socket?.destroyed === true
  );
}

/** A refusal in media routes: a small JSON object with a stable code. */
export interface MediaError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterS?: number;
  /** With 405: the methods that are allowed. */
  readonly allow?: string;
}

/** Answers with `{"error":{"code","message"}}`; readable from any origin, never cached. */
export function sendError(response: ServerResponse, error: MediaError): void {
  if (isGone(response)) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify({ error: { code: error.code, message: error.message } })}\n`);
  const headers = [...COMMON_HEADERS, ...EXPOSED_OF_ERRORS, 'Cache-Control', 'no-store'];
  headers.push('Content-Type', 'application/json');
  headers.push('Content-Length', String(body.length));
  if (error.retryAfterS !== undefined) headers.push('Retry-After', String(error.retryAfterS));
  if (error.allow !== undefined) headers.push('Allow', error.allow);
  response.writeHead(error.status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
