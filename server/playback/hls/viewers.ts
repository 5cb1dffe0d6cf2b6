import type { IncomingMessage } from 'node:http';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { Access, Principal } from '../../access/access.ts';
import { PlaybackError } from './playback-error.ts';

/** Recognized viewers kept at once; the oldest goes first. */
const MAX_KNOWN = 10_000;

/**
 * Who is asking. A viewer at the live edge asks several times a second with the same token or cookie, so who was recognized
 * is kept for a few seconds; who was refused is checked each time, so that guesses are counted.
 */
export class Viewers {
  readonly #access: Pick<Access, 'recognizeHttp'>;
  readonly #keepMs: number;
  readonly #known = new Map<string, { readonly principal: Principal; readonly untilMs: number }>();

  constructor(access: Pick<Access, 'recognizeHttp'>, keepMs: number) {
    this.#access = access;
    this.#keepMs = keepMs;
  }

  /** @throws PlaybackError 401 or 429 */
  recognize(request: IncomingMessage, token: string | undefined, nowMs: number): Principal {
    const { headers } = request;
    const key = `${token ?? ''}\n${headers.authorization ?? ''}\n${headers.cookie ?? ''}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.principal;
    const remoteAddress = request.socket.remoteAddress ?? '';
    const answer = this.#access.recognizeHttp({ headers, token, remoteAddress }, nowMs);
    if (!answer.ok) {
      this.#known.delete(key);
      throw refused(answer.reason);
    }
    this.#known.delete(key);
    if (this.#known.size >= MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    const { principal } = answer;
    const untilMs = Math.min(nowMs + this.#keepMs, principal.expiresMs ?? Number.POSITIVE_INFINITY);
    this.#known.set(key, { principal, untilMs });
    return principal;
  }
}

function refused(reason: 'no-credentials' | 'invalid' | 'expired' | 'rate-limited'): PlaybackError {
  switch (reason) {
    case 'no-credentials':
      return new PlaybackError(401, reason, 'Log in, or add ?token= with a playback token.');
    case 'invalid':
      return new PlaybackError(401, reason, 'The token, key or session is not valid.');
    case 'expired':
      return new PlaybackError(401, reason, 'The token or session has expired.');
    case 'rate-limited':
      return new PlaybackError(429, reason, 'Too many failed attempts from this address.', {
        retryAfterS: 30,
      });
  }
}

/** @throws PlaybackError 403 */
export function requireLive(principal: Principal, stream: string): void {
  if (!mayLive(principal, stream)) throw forbidden();
}

/** @throws PlaybackError 403 */
export function requireRange(principal: Principal, stream: string, fromMs: number, toMs: number): void {
  if (!mayRange(principal, stream, fromMs, toMs)) throw forbidden();
}

/**
 * May the viewer have this fragment? One that is cut by an end of the permitted range is part of what the range
 * shows, so it is enough that its start, middle or end lies inside.
 *
 * @throws PlaybackError 403
 */
export function requireFragment(
  principal: Principal,
  stream: string,
  info: FragmentInfo,
  isAtLiveEdge: boolean,
): void {
  if (isAtLiveEdge && mayLive(principal, stream)) return;
  const halfMs = fragmentDurationMs(info) / 2;
  for (const atMs of [info.producerMs, info.producerMs + halfMs, info.producerMs + 2 * halfMs]) {
    if (mayRange(principal, stream, atMs, atMs)) return;
  }
  throw forbidden();
}

/**
 * May the viewer see anything at all of the stream? An init segment belongs to no time: it is asked with the empty
 * range, which lies inside every other.
 *
 * @throws PlaybackError 403
 */
export function requireAnything(principal: Principal, stream: string): void {
  if (mayLive(principal, stream)) return;
  requireRange(principal, stream, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
}

function mayLive(principal: Principal, stream: string): boolean {
  return principal.may({ action: 'view', stream, of: 'live' });
}

function mayRange(principal: Principal, stream: string, fromMs: number, toMs: number): boolean {
  return principal.may({ action: 'view', stream, of: { fromMs, toMs } });
}

function forbidden(): PlaybackError {
  return new PlaybackError(403, 'forbidden', 'This token or key does not open what was asked for.');
}
