import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Media bytes do not pass through express (libraries.md §8): a tiny dispatcher asks each route first and hands what none
 * of them takes to express.
 */
export interface HttpRoute {
  /**
   * May the body of this request go on for ever? Absent: no; then it is refused when it is not all there in time. A
   * route that says yes watches over the body itself.
   */
  mayStreamBody?(request: IncomingMessage): boolean;
  /** Answers the request. Errors that it throws become a 500 with a log line. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

/** A route told by the beginning of the path. */
export interface MediaRoute extends HttpRoute {
  /** E.g. `/play/`. */
  readonly prefix: string;
}

/** A route told by more than that: the operations of the AWS wire stand beside the pages, at `/`. */
export interface ClaimingRoute extends HttpRoute {
  /** Is this request the route's? Asked of every request that no prefix has taken, so it must be quick. */
  claims(request: IncomingMessage): boolean;
}
