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
  const { status } = response;
  const isFinal = status < 500 && !RETRIED_STATUS.has(status);
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), Date.now());
  throw new DeliveryError(`answered with status ${status}`, { isFinal, status, retryAfterMs });
}

/** RFC 9110 section 10.2.3: a number of seconds, or a date. */
export function retryAfterOf(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** The URL as it is requested: a name and a password in it become a header. */
export function requestAddress(url: URL): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const { username, password } = url;
  if (username === '' && password === '') return { url: url.href, headers: {} };
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url: bare.href,
    headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  };
}
