import type { IncomingMessage } from 'node:http';

/** Time for a client to see that it was answered before it has sent everything, ms. */
const LINGER_MS = 5000;

/**
 * Lets go of a request that was answered before its body had ended: what still comes is thrown away, and after a while the
 * connection ends. To cut it at once would be quicker, but a client that is still sending would then see a reset
 * instead of the answer (RFC 9112 §9.6).
 */
export function abandonBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const cut = setTimeout(() => request.destroy(), LINGER_MS);
  const stop = () => clearTimeout(cut);
  request.once('end', stop);
  request.once('close', stop);
  request.resume();
}
