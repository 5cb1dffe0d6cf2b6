import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { PLAYED_CODECS } from './played-codec.ts';
import type { SessionFacts } from './session-facts.ts';

/**
 * Session tokens: a MAC, eight random bytes and the session's facts as a JSON array, in base64url with `~` for `=` (kvs.md
 * §4.3). Whoever has the token may play what it names until it expires: it is never logged.
 */

/** In front of what is signed, so that no other use of the same secret can yield a session token. */
const PURPOSE = 'framelog-session-1.';
const MAC_BYTES = 32;
const NONCE_BYTES = 8;
const SHAPE = /^[A-Za-z0-9_-]{60,1024}~{0,2}$/;

const MODES = ['LIVE', 'LIVE_REPLAY', 'ON_DEMAND'] as const;
const DISCONTINUITIES = ['ALWAYS', 'NEVER', 'ON_DISCONTINUITY'] as const;

const factsSchema = z.tuple([
  z.string(),
  z.number(),
  z.enum(['hls', 'dash']),
  z.enum(MODES),
  z.enum(['server', 'producer']),
  z.nullable(z.number()),
  z.nullable(z.number()),
  z.enum(['mp4', 'ts']),
  z.enum(DISCONTINUITIES),
  z.boolean(),
  z.boolean(),
  z.int(),
  z.number(),
  z.number(),
  z.int(),
  z.int(),
  z.array(z.tuple([z.int(), z.enum(PLAYED_CODECS)])),
]);

/** Signs a token for the session. Each call makes another one. */
export function signSessionToken(secret: Uint8Array, facts: SessionFacts): string {
  const tuple: z.infer<typeof factsSchema> = [
    facts.stream,
    facts.streamCreatedMs,
    facts.protocol,
    facts.mode,
    facts.clock,
    facts.startMs ?? null,
    facts.endMs ?? null,
    facts.container,
    facts.discontinuity,
    facts.showTimestamps,
    facts.showNumbers,
    facts.maxFragments,
    facts.startedMs,
    facts.expiresMs,
    facts.firstOrdinal,
    facts.endOrdinal,
    facts.tracks.map(({ id, codec }) => [id, codec]),
  ];
  const content = Buffer.concat([randomBytes(NONCE_BYTES), Buffer.from(JSON.stringify(tuple))]);
  const token = Buffer.concat([mac(secret, content), content]).toString('base64');
  return token.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '~');
}

export type SessionVerdict =
  | { readonly ok: true; readonly facts: SessionFacts }
  | { readonly ok: false; readonly reason: 'invalid' | 'expired' };

/** Reads a token that anybody may have sent. Never throws; nothing is read before the MAC is found right. */
export function verifySessionToken(secret: Uint8Array, token: string, nowMs: number): SessionVerdict {
  if (!SHAPE.test(token)) return { ok: false, reason: 'invalid' };
  const bytes = Buffer.from(token, 'base64url');
  const content = bytes.subarray(MAC_BYTES);
  const given = bytes.subarray(0, MAC_BYTES);
  if (given.length !== MAC_BYTES || !timingSafeEqual(given, mac(secret, content))) {
    return { ok: false, reason: 'invalid' };
  }
  const facts = readFacts(content.subarray(NONCE_BYTES));
  if (facts === undefined) return { ok: false, reason: 'invalid' };
  return facts.expiresMs <= nowMs ? { ok: false, reason: 'expired' } : { ok: true, facts };
}

/** Only the holder of the secret gets here, so what cannot be read is of another version. */
function readFacts(json: Buffer): SessionFacts | undefined {
  try {
    const [
      stream,
      streamCreatedMs,
      protocol,
      mode,
      clock,
      startMs,
      endMs,
      container,
      discontinuity,
      showTimestamps,
      showNumbers,
      maxFragments,
      startedMs,
      expiresMs,
      firstOrdinal,
      endOrdinal,
      tracks,
    ] = factsSchema.parse(JSON.parse(json.toString()));
    return {
      stream,
      streamCreatedMs,
      protocol,
      mode,
      clock,
      ...(startMs === null ? {} : { startMs }),
      ...(endMs === null ? {} : { endMs }),
      container,
      discontinuity,
      showTimestamps,
      showNumbers,
      maxFragments,
      startedMs,
      expiresMs,
      firstOrdinal,
      endOrdinal,
      tracks: tracks.map(([id, codec]) => ({ id, codec })),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function mac(secret: Uint8Array, content: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(PURPOSE).update(content).digest();
}
