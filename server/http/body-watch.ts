import type { IncomingMessage, ServerResponse } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { sendError } from './media-reply.ts';

/** Time for a client to see that it was answered before it has sent everything, ms. */
const LINGER_MS = 5000;

/** Does a body follow? HTTP/1 says so in its headers, HTTP/2 with a flag of the frame that holds them. */
export function hasBody(request: IncomingMessage): boolean {
  if (isHttp2(request)) return !request.stream.endAfterHeaders;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Refuses a request whose body is not all there in time: 408, and the connection ends. node:http has a timeout of its
 * own for this (`requestTimeout`), but only for all requests of a server alike, and PutMedia's bodies have no end.
 */
export function limitBodyTime(
  request: IncomingMessage,
  response: ServerResponse,
  timeoutMs: number,
  onTimeout: () => void,
): void {
  const timer = setTimeout(() => {
    onTimeout();
    if (response.headersSent || response.destroyed) {
      cutOff(request);
      return;
    }
    // HTTP/1 cannot tell where the next request begins without the rest of this one.
    if (!isHttp2(request)) response.setHeader('Connection', 'close');
    sendError(response, {
      status: 408,
      code: 'request-timeout',
      message: 'The body took too long to arrive.',
    });
  }, timeoutMs);
  const stop = () => clearTimeout(timer);
  request.once('end', stop);
  request.once('close', stop);
  // From here on `abandonBody` watches.
  response.once('finish', stop);
}

/**
 * Lets go of a request that was answered before its body had ended: what still comes is thrown away, and after a while the
 * connection ends. To cut it at once would be quicker, but a client that is still sending would then see a reset
 * instead of the answer (RFC 9112 §9.6).
 */
export function abandonBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const cut = setTimeout(() => {
    // A connection that goes on with its next request stays.
    if (!request.complete) cutOff(request);
  }, LINGER_MS);
  cut.unref();
  request.once('close', () => clearTimeout(cut));
}

/** Ends the connection, of HTTP/2 the one stream of it: its requests do not take their stream with them. */
function cutOff(request: IncomingMessage): void {
  if (isHttp2(request)) request.stream.destroy();
  else request.destroy();
}

/** The compatibility layer hands over its own class where the server expects node:http's. */
function isHttp2(request: object): request is Http2ServerRequest {
  return request instanceof Http2ServerRequest;
}
