import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { PlaybackTokenScope, Wish } from './access.ts';

/**
 * Playback tokens: `<payload>.<signature>`, both base64url. The payload is a JSON array, the signature the HMAC-SHA-256
 * of `framelog-play-1.` and the payload's text. The server keeps no list: a token is valid until it expires, or until
 * the server's secret is changed.
 */

/** Signed with the payload, so that no other use of the same secret can ever yield a playback token. */
const PURPOSE = 'framelog-play-1.';
/** Longer than any token we sign: stream names have at most 256 characters. */
const MAX_LENGTH = 1024;

/** [stream, live (0/1), [fromMs or null = open, toMs or null = open] or null = no archive, expiresMs] */
const payloadSchema = z.tuple([
  z.string(),
  z.literal([0, 1]),
  z.nullable(z.tuple([z.nullable(z.number()), z.nullable(z.number())])),
  z.number(),
]);

/** Signs a token for the scope. Infinite ends of the range stay open. */
export function signPlaybackToken(secret: Uint8Array, scope: PlaybackTokenScope): string {
  const range = scope.range && [finiteOrNull(scope.range.fromMs), finiteOrNull(scope.range.toMs)];
  const payload = JSON.stringify([scope.stream, scope.live ? 1 : 0, range, scope.expiresMs]);
  const text = Buffer.from(payload).toString('base64url');
  return `${text}.${sign(secret, text).toString('base64url')}`;
}

export type TokenVerdict =
  | { readonly ok: true; readonly scope: PlaybackTokenScope }
  | { readonly ok: false; readonly reason: 'invalid' | 'expired' };

/** Reads a token that anybody may have sent. Never throws; the signature is compared in constant time, before anything is read. */
export function verifyPlaybackToken(secret: Uint8Array, token: string, nowMs: number): TokenVerdict {
  const dot = token.indexOf('.');
  if (dot < 0 || token.length > MAX_LENGTH) return { ok: false, reason: 'invalid' };
  const text = token.slice(0, dot);
  const given = Buffer.from(token.slice(dot + 1), 'base64url');
  const expected = sign(secret, text);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { ok: false, reason: 'invalid' };
  }
  const scope = readPayload(text);
  if (scope === undefined) return { ok: false, reason: 'invalid' };
  return scope.expiresMs <= nowMs ? { ok: false, reason: 'expired' } : { ok: true, scope };
}

/** Is the wish inside what the token was made for? */
export function scopeAllows(scope: PlaybackTokenScope, wish: Wish): boolean {
  if (wish.action !== 'view' || wish.stream !== scope.stream) return false;
  if (wish.of === 'live') return scope.live;
  return scope.range !== null && wish.of.fromMs >= scope.range.fromMs && wish.of.toMs <= scope.range.toMs;
}

/** Only the holder of the secret gets here, so a payload that cannot be read is one of another version. */
function readPayload(text: string): PlaybackTokenScope | undefined {
  try {
    const [stream, live, range, expiresMs] = payloadSchema.parse(
      JSON.parse(Buffer.from(text, 'base64url').toString()),
    );
    return {
      stream,
      live: live === 1,
      range: range && {
        fromMs: range[0] ?? Number.NEGATIVE_INFINITY,
        toMs: range[1] ?? Number.POSITIVE_INFINITY,
      },
      expiresMs,
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function sign(secret: Uint8Array, text: string): Buffer {
  return createHmac('sha256', secret).update(PURPOSE).update(text).digest();
}

function finiteOrNull(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
