import type { IncomingHttpHeaders } from 'node:http';
import { hostOfHeader, isLoopbackHost } from './loopback.ts';

/** What the check reads of a request (HTTP/1 or HTTP/2). */
export interface RequestOrigin {
  readonly headers: IncomingHttpHeaders & { readonly ':authority'?: string | undefined };
}

/**
 * Was the request made by our own page, or typed by the user? Asked of every request that changes state and is
 * authorized by a cookie, or by nothing at all (open mode): a foreign page can make a browser send those
 * (cross-site request forgery). A client that says nothing about its origin is refused: browsers always do.
 * `publicOrigin`: the origin under which a proxy shows this server, when it does not pass on the `Host` header.
 */
export function isSameOrigin(request: RequestOrigin, publicOrigin?: string): boolean {
  const { headers } = request;
  // https://www.w3.org/TR/fetch-metadata/: set by the browser alone, and only towards https and loopback.
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin } = headers;
  if (origin === undefined) return false;
  if (publicOrigin !== undefined && origin === publicOrigin) return true;
  const host = headers[':authority'] ?? headers.host;
  return host !== undefined && origin.replace(/^https?:\/\//, '') === host;
}

/** Does the request come from a browser's page at all? Programs send neither header. */
export function isFromBrowserPage(request: RequestOrigin): boolean {
  return request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined;
}

/**
 * Is a loopback host named in the `Host` header? In open mode anything else is refused: a foreign page whose DNS name was
 * rebound to 127.0.0.1 is same-origin with us, but cannot hide its name.
 */
export function hasLoopbackHost(request: RequestOrigin): boolean {
  const host = request.headers[':authority'] ?? request.headers.host;
  return host !== undefined && isLoopbackHost(hostOfHeader(host));
}
