import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from './aws-call.ts';
import { sendBody } from './aws-reply.ts';
import { serializationError } from './input-reader.ts';
import { cbor11 } from './protocols/cbor-1.1.ts';
import { readCbor } from './protocols/cbor-reader.ts';
import { writeCborTexts } from './protocols/cbor-writer.ts';
import { json11 } from './protocols/json-1.1.ts';
import type { AwsProtocol } from './protocols/protocol.ts';
import { mediaTypeOf } from './protocols/select-protocol.ts';
import { type BodyBudget, withBody } from './request-body.ts';
import { splitTarget } from './sigv4-request.ts';

/**
 * The front before the services whose operations a header names (kinesis-data-streams.md §1): what is looked at before the
 * signature, in the order of the real service, and the forms in which it refuses.
 */

/** Of a request that nobody has signed, so much is read to tell what is wrong with it. */
const MAX_UNSIGNED_BYTES = 64 * 1024;

/** Is the request for a service whose operations are named by a header, also when it names none? */
export function isTargeted(request: IncomingMessage): boolean {
  return (
    request.headers['x-amz-target'] !== undefined ||
    splitTarget(request.url ?? '/').path === '/' ||
    isAwsMediaType(request)
  );
}

/** Is the body of one of the two types that only AWS clients send? */
export function isAwsMediaType(request: IncomingMessage): boolean {
  const mediaType = mediaTypeOf(request.headers['content-type']);
  return mediaType === json11.contentType || mediaType === cbor11.contentType;
}

/** The second request id, "base64 of 72 bytes". */
export function setTargetedHeaders(response: ServerResponse): void {
  response.setHeader('x-amz-id-2', randomBytes(72).toString('base64'));
}

/** A refusal as it goes over the wire: before the protocol is known, there is none whose form an error could have. */
interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

/**
 * Refuses a request that names no operation, or comes in no form that the service reads; answers error and status. `isKnown`: it
 * names an operation.
 */
export async function refuseTargeted(
  request: IncomingMessage,
  response: ServerResponse,
  isKnown: boolean,
  bodies: BodyBudget,
): Promise<{ readonly code: string; readonly status: number }> {
  const body = request.method === 'POST' ? await readSome(request, bodies) : undefined;
  const refusal = refusalOf(request, body, isKnown);
  response.setHeader('x-amzn-ErrorType', refusal.code);
  sendBody(response, refusal.status, refusal.contentType, refusal.body);
  return refusal;
}

function refusalOf(request: IncomingMessage, body: Buffer | undefined, isKnown: boolean): Refusal {
  if (request.method !== 'POST') return unauthorized();
  const mediaType = mediaTypeOf(request.headers['content-type']);
  if (body?.length === 0) {
    const protocol = mediaType === json11.contentType ? json11 : cbor11;
    return bare(protocol, isKnown ? 'SerializationException' : 'UnknownOperationException');
  }
  const isRead = body === undefined || isDocument(mediaType, body);
  if (mediaType === 'application/json') {
    return isRead ? coral('UnknownOperationException', 404) : coral('SerializationException', 400);
  }
  const protocol = [json11, cbor11].find(({ contentType }) => contentType === mediaType);
  if (protocol !== undefined) {
    return bare(protocol, isRead ? 'UnknownOperationException' : 'SerializationException');
  }
  const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  return service === '' || operation === '' ? unauthorized() : xml('UnknownOperationException', 404);
}

function unauthorized(): Refusal {
  return xml('AccessDeniedException', 403, 'Unable to determine service/operation name to be authorized');
}

/** In XML: neither a method nor a type that a protocol has. */
function xml(code: string, status: number, message?: string): Refusal {
  const text =
    message === undefined ? `<${code}/>\n` : `<${code}>\n  <Message>${message}</Message>\n</${code}>\n`;
  return { code, status, contentType: undefined, body: Buffer.from(text) };
}

/** For plain `application/json`. */
function coral(code: string, status: number): Refusal {
  const text = JSON.stringify({ Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' });
  return { code, status, contentType: 'application/json', body: Buffer.from(text) };
}

/** In the request's own protocol, without a word of what is wrong. */
function bare(protocol: AwsProtocol, code: string): Refusal {
  const texts = { __type: code };
  const body = protocol === cbor11 ? writeCborTexts(texts) : Buffer.from(JSON.stringify(texts));
  return { code, status: 400, contentType: protocol.contentType, body };
}

/**
 * What the service tells before it looks at a signature. For those whose signature was refused: of others all is read anyway.
 * Throws AwsError `SerializationException` for a body that is empty or no document.
 */
export async function checkUnsignedBody(
  request: IncomingMessage,
  protocol: AwsProtocol,
  bodies: BodyBudget,
): Promise<void> {
  const body = await readSome(request, bodies);
  if (body === undefined) return;
  requireBody(body);
  if (!isDocument(protocol.contentType, body))
    throw serializationError('The body is no document of its content type.');
}

/** An operation without members wants `{}`. Throws AwsError `SerializationException`. */
export function requireBody(body: Uint8Array): void {
  if (body.length === 0) throw serializationError('The body is empty.');
}

/** Whole bodies up to a bound; `undefined`: it is longer, and left to its connection. */
async function readSome(request: IncomingMessage, bodies: BodyBudget): Promise<Buffer | undefined> {
  try {
    return await withBody(request, MAX_UNSIGNED_BYTES, bodies, (body) => body);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'RequestEntityTooLargeException') return undefined;
    throw error;
  }
}

function isDocument(mediaType: string | undefined, body: Buffer): boolean {
  try {
    const value: unknown =
      mediaType === cbor11.contentType ? readCbor(body) : JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof AwsError) return false;
    throw error;
  }
}
