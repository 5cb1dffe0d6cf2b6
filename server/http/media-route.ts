import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Media bytes do not pass through express (libraries.md §8): a tiny dispatcher asks each media route first and hands
 * what none of them takes to express.
 */
export interface MediaRoute {
  /** Path prefix, e.g. `/play/`. */
  readonly prefix: string;
  /** Answers the request. Errors that it throws become a 500 with a log line. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}
