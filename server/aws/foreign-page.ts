import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '../access/loopback.ts';
import { hasLoopbackHost } from '../access/same-origin.ts';
import { AwsError } from './aws-call.ts';

/**
 * Without signatures, a page that the user happens to look at could make the browser send requests here, under our own
 * name too once its DNS name is bound to 127.0.0.1. Both show in headers that a page cannot set. Throws AwsError
 * `AccessDeniedException`.
 */
export function refuseForeignPage(request: Pick<IncomingMessage, 'headers'>): void {
  const { origin } = request.headers;
  const isLocalOrigin = origin === undefined || isLoopbackHost(URL.parse(origin)?.hostname ?? '');
  if (isLocalOrigin && hasLoopbackHost(request)) return;
  throw new AwsError(
    'AccessDeniedException',
    'In open mode this server answers to loopback host names and to pages of this machine only.',
    { status: 403 },
  );
}
