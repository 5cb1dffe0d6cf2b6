import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendError } from './media-reply.ts';

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
  if (timeoutMs === 0 || !hasBody(request)) return;
  const timer = setTimeout(() => {
    onTimeout();
    // It was answered already, and the rest of the body is being thrown away.
    if (response.headersSent || response.destroyed) {
      request.destroy();
      return;
    }
    // HTTP/1 cannot tell where the next request begins without the rest of this one.
    if (request.httpVersionMajor < 2) response.setHeader('Connection', 'close');
    response.once('finish', () => request.destroy());
    sendError(response, {
      status: 408,
      code: 'request-timeout',
      message: 'The body took too long to arrive.',
    });
  }, timeoutMs);
  const stop = () => clearTimeout(timer);
  request.once('end', stop);
  request.once('close', stop);
}

/** HTTP/1 says so in its headers; HTTP/2 has ended the stream already when there is none. */
function hasBody(request: IncomingMessage): boolean {
  if (request.httpVersionMajor >= 2) return !request.readableEnded;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
