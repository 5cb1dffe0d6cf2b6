import { parseInstant } from '../../http/instant.ts';

/** Where a blocking reload waits for: this segment, or this part of it (rfc8216bis §6.2.5.2). */
export interface ReloadDirective {
  readonly msn: number;
  readonly part?: number;
}

/** What the query string of a playlist, segment, part or init URL may say. */
export interface PlaylistQuery {
  readonly reload?: ReloadDirective;
  /** `start` and `end`, epoch ms on the producer's clock. */
  readonly startMs?: number;
  readonly endMs?: number;
  readonly token?: string;
}

export type PlaylistQueryErrorCode = 'bad-directive' | 'bad-time' | 'bad-token' | 'repeated-parameter';

/** The query string cannot be obeyed: answered with 400 and this code. */
export class PlaylistQueryError extends Error {
  readonly code: PlaylistQueryErrorCode;

  constructor(code: PlaylistQueryErrorCode, message: string) {
    super(message);
    this.name = 'PlaylistQueryError';
    this.code = code;
  }
}

const DECIMAL_INTEGER = /^\d{1,15}$/;
/** Bearer secrets and playback tokens: base64url with dots. What else comes is not one of ours. */
const TOKEN = /^[\w.~-]{1,1024}$/;

/**
 * Reads the query strictly: what we know must be well-formed and stand once; what we do not know is passed over
 * (players add parameters of their own).
 *
 * @throws PlaylistQueryError
 */
export function parsePlaylistQuery(params: URLSearchParams): PlaylistQuery {
  const reload = parseReload(single(params, '_HLS_msn'), single(params, '_HLS_part'));
  const startMs = parseTime(params, 'start');
  const endMs = parseTime(params, 'end');
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs) {
    throw new PlaylistQueryError('bad-time', 'The end must be after the start.');
  }
  const token = single(params, 'token');
  if (token !== undefined && !TOKEN.test(token)) {
    throw new PlaylistQueryError('bad-token', 'This is not a token of this server.');
  }
  return {
    ...(reload === undefined ? {} : { reload }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(token === undefined ? {} : { token }),
  };
}

function single(params: URLSearchParams, name: string): string | undefined {
  const values = params.getAll(name);
  if (values.length > 1) throw new PlaylistQueryError('repeated-parameter', `${name} may stand only once.`);
  return values[0];
}

function parseReload(msn: string | undefined, part: string | undefined): ReloadDirective | undefined {
  if (msn === undefined) {
    if (part === undefined) return undefined;
    // "If a client supplies _HLS_part without _HLS_msn, the server MUST answer 400."
    throw new PlaylistQueryError('bad-directive', '_HLS_part needs _HLS_msn.');
  }
  if (!DECIMAL_INTEGER.test(msn) || (part !== undefined && !DECIMAL_INTEGER.test(part))) {
    throw new PlaylistQueryError('bad-directive', '_HLS_msn and _HLS_part are decimal integers.');
  }
  return part === undefined ? { msn: Number(msn) } : { msn: Number(msn), part: Number(part) };
}

function parseTime(params: URLSearchParams, name: string): number | undefined {
  const text = single(params, name);
  if (text === undefined) return undefined;
  // The `+` of an offset is a space to those who read query strings, if it was not escaped.
  const ms = parseInstant(text.replace(' ', '+'));
  if (ms !== undefined) return ms;
  throw new PlaylistQueryError('bad-time', `${name} is ISO 8601 with a zone, or epoch milliseconds.`);
}
