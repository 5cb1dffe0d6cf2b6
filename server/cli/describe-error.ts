import { redactUrl } from '../observe/redact.ts';
import { CommandError } from './usage-error.ts';

/**
 * What to tell the operator. An error with a code is about the world outside (the operating system's, and all typed errors of
 * ours): it is told in words. Any other is a bug, and shows where it was thrown.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as Error & { code?: unknown; address?: unknown; port?: unknown };
  if (code === 'EADDRINUSE') {
    return `${address}:${port} is in use already: stop what listens there, or choose another with --http or --rtmp HOST:PORT`;
  }
  if (code === 'EACCES' && port !== undefined) return `not allowed to listen on ${address}:${port}`;
  const isOfTheWorld =
    error instanceof CommandError || (typeof code === 'string' && !code.startsWith('ERR_'));
  return redactUrl(isOfTheWorld ? error.message : (error.stack ?? error.message));
}
