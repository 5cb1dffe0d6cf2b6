import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { abandonBody, hasBody, limitBodyTime } from './body-watch.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLogger } from './http-logger.ts';
import { sendError } from './media-reply.ts';
import type { ClaimingRoute, HttpRoute, MediaRoute } from './media-route.ts';

export interface DispatcherOptions {
  readonly mediaRoutes: readonly MediaRoute[];
  /** Asked, in this order, about what no media route takes. */
  readonly claimingRoutes?: readonly ClaimingRoute[];
  /** Takes what no route takes: the express app. */
  readonly fallback: RequestListener;
  readonly counters: HttpCounters;
  readonly logger: HttpLogger;
  /** From the start of a request to the end of its body, unless its route streams bodies; 0: without limit. */
  readonly requestTimeoutMs: number;
}

/**
 * Hands each request to the media route with the longest matching prefix, or to the first that claims it, or else to the
 * express app. A route's error becomes a 500 with a log line; it never leaves this function.
 */
export function createDispatcher(options: DispatcherOptions): RequestListener {
  const { fallback, counters, logger, claimingRoutes = [], requestTimeoutMs } = options;
  const routes = options.mediaRoutes.toSorted((a, b) => b.prefix.length - a.prefix.length);
  const countTimeout = () => {
    counters.badRequests += 1;
  };

  return (request, response) => {
    counters.requests += 1;
    const target = request.url ?? '/';
    // Media paths are told by the raw text, so that only their requests pay for a parsed URL.
    const route: HttpRoute | undefined =
      routes.find(({ prefix }) => target.startsWith(prefix)) ??
      claimingRoutes.find((claiming) => claiming.claims(request));
    if (hasBody(request)) {
      const isLimited = requestTimeoutMs > 0 && route?.mayStreamBody?.(request) !== true;
      if (isLimited) limitBodyTime(request, response, requestTimeoutMs, countTimeout);
      response.once('finish', () => abandonBody(request));
    }
    if (route === undefined) {
      fallback(request, response);
      return;
    }
    const url = URL.parse(target, 'http://localhost');
    if (url === null) {
      counters.badRequests += 1;
      sendError(response, { status: 400, code: 'bad-url', message: 'The request target is not a URL.' });
      return;
    }
    route.handle(request, response, url).catch((error: unknown) => fail(request, response, url, error));
  };

  function fail(request: IncomingMessage, response: ServerResponse, url: URL, error: unknown): void {
    counters.failures += 1;
    // The path only: the query may hold a token.
    logger.error({ err: error, method: request.method, path: url.pathname }, 'media route failed');
    sendError(response, {
      status: 500,
      code: 'internal',
      message: 'The server failed to answer; its log says why.',
    });
  }
}
