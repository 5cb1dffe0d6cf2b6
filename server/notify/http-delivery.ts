import { DeliveryError } from './delivery-error.ts';

/** Answers that say "not now" though they are the client's fault by number. */
const RETRIED_STATUS = new Set([408, 425, 429]);

export interface HttpDelivery {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Sends one request and looks at nothing of the answer but its status. No redirect is followed: what an admin allowed is this
 * address. Throws DeliveryError, whose message has no URL: it may hold a password.
 */
export async function deliverHttp(request: HttpDelivery, signal: AbortSignal): Promise<void> {
  const { method, url, headers, body } = request;
  let response: Response;
  try {
    response = await fetch(url, { method, headers, body: new Uint8Array(body), redirect: 'manual', signal });
  } catch (cause) {
    const reason =
      cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : 'no connection';
    throw new DeliveryError(signal.aborted ? 'no answer in time' : reason, { cause });
  }
  // Whatever else it says is not waited for.
  await response.body?.cancel();
  if (response.ok) return;
  const isFinal = response.status < 500 && !RETRIED_STATUS.has(response.status);
  throw new DeliveryError(`answered with status ${response.status}`, { isFinal });
}
