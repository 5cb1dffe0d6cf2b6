import type { IncomingMessage, ServerResponse } from 'node:http';
import { isGone } from '../http/media-reply.ts';
import { AwsError, type AwsOutput } from './aws-call.ts';
import type { ErrorModel, Operation } from './model.ts';
import type { AwsProtocol } from './protocols/protocol.ts';
import { restJson } from './protocols/rest-json.ts';

/** What scripts of other origins may read beside the body. */
const EXPOSED_HEADERS =
  'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date';
/** How long a browser may remember that a script may ask, s. */
const PREFLIGHT_MAX_AGE_S = 172_800;

/** Headers of every answer; `Date` is set by node. */
export function setCommonHeaders(
  response: ServerResponse,
  requestId: string,
  origin: string | undefined,
): void {
  // Spelled as the C producer looks for it.
  response.setHeader('x-amzn-RequestId', requestId);
  response.setHeader('Cache-Control', 'no-store');
  if (origin === undefined) return;
  // Any page may ask: what counts is the signature, which no browser adds by itself.
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
}

/** Answers a browser that asks whether a page's script may send a request. */
export function sendPreflight(response: ServerResponse, { headers }: IncomingMessage): void {
  const method = headers['access-control-request-method'];
  const requestedHeaders = headers['access-control-request-headers'];
  response.setHeader('Access-Control-Allow-Methods', method ?? 'POST, GET, OPTIONS');
  if (requestedHeaders !== undefined) response.setHeader('Access-Control-Allow-Headers', requestedHeaders);
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_S));
  response.writeHead(204);
  response.end();
}

/** Answers with an operation's output. */
export function sendOutput(
  response: ServerResponse,
  protocol: AwsProtocol,
  operation: Operation,
  output: AwsOutput,
): void {
  sendBody(response, 200, protocol.contentType, protocol.writeOutput(operation, output));
}

/** Answers with an error, in the protocol's form; answers its status. */
export function sendAwsError(
  response: ServerResponse,
  error: AwsError,
  operation: Operation | undefined,
  protocol: AwsProtocol = restJson,
): number {
  const model = operation?.model.errors.get(error.code);
  const status = statusOf(error, operation, model);
  if (isGone(response)) return status;
  if (response.headersSent) {
    response.destroy();
    return status;
  }
  response.setHeader('x-amzn-ErrorType', error.code);
  sendBody(response, status, protocol.contentType, protocol.writeError(error, model));
  return status;
}

/** The json services say 400 to everything that is the client's fault, also to signatures (kinesis-data-streams.md §1). */
function statusOf(error: AwsError, operation: Operation | undefined, model: ErrorModel | undefined): number {
  const status = model?.status ?? error.status ?? 400;
  return operation?.model.protocol === 'json' && FORBIDDEN.has(status) ? 400 : status;
}

const FORBIDDEN: ReadonlySet<number> = new Set([401, 403]);

/** The REST services' own answer to an operation that they do not have (recorded, kvs.md §4); answers its status. */
export function sendUnknownOperation(response: ServerResponse): number {
  const code = 'UnknownOperationException';
  response.setHeader('x-amzn-ErrorType', code);
  const body = { Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' };
  sendBody(response, 404, 'application/json', Buffer.from(JSON.stringify(body)));
  return 404;
}

/** Answers with a whole body. */
export function sendBody(
  response: ServerResponse,
  status: number,
  contentType: string | undefined,
  body: Uint8Array,
): void {
  if (isGone(response)) return;
  if (contentType !== undefined) response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', body.length);
  response.writeHead(status);
  response.end(body);
}

/** What a client is told of a failure inside: nothing. The log has it, with the request's id. */
export function internalFailure(operation: Operation | undefined): AwsError {
  return new AwsError(
    operation?.model.protocol === 'json' ? 'InternalFailureException' : 'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
    { status: 500 },
  );
}

/** For the books: a client that hung up before it was answered. The status is nginx's; nobody sees it. */
export function clientGone(): AwsError {
  return new AwsError('ClientGone', 'The client hung up.', { status: 499 });
}
