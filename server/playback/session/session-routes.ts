import type { IncomingMessage, ServerResponse } from 'node:http';
import { TsError } from '../../../fragments/mpegts/ts-error.ts';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { HttpLogger } from '../../http/http-logger.ts';
import { COMMON_HEADERS, isGone } from '../../http/media-reply.ts';
import type { MediaRoute } from '../../http/media-route.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import { StreamError } from '../../streams/stream-service.ts';
import { SESSION_CALLS, type SessionServices } from './session-calls.ts';
import { countAnswer, type SessionApi, type SessionCounters } from './session-counters.ts';
import { SessionError } from './session-error.ts';
import { parseSessionQuery } from './session-query.ts';
import type { Sessions } from './sessions.ts';
import { TsSegments } from './ts-segments.ts';

export interface SessionRoutesOptions {
  readonly sessions: Sessions;
  readonly sender: MediaSender;
  readonly counters: SessionCounters;
  readonly logger: HttpLogger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const METHODS = 'GET, HEAD, OPTIONS';

/** The names of the children, by protocol (kvs.md §4.3, §4.4). */
const CHILDREN: Readonly<Record<'hls' | 'dash', Readonly<Record<string, SessionApi>>>> = {
  hls: {
    'getHLSMasterPlaylist.m3u8': 'GetHLSMasterPlaylist',
    'getHLSMediaPlaylist.m3u8': 'GetHLSMediaPlaylist',
    'getMP4InitFragment.mp4': 'GetMP4InitFragment',
    'getMP4MediaFragment.mp4': 'GetMP4MediaFragment',
    'getTSFragment.ts': 'GetTSFragment',
  },
  dash: {
    'getDASHManifest.mpd': 'GetDASHManifest',
    'getMP4InitFragment.mp4': 'GetMP4InitFragment',
    'getMP4MediaFragment.mp4': 'GetMP4MediaFragment',
  },
};

/**
 * What players fetch of a playback session: playlists, manifests and media below `/hls/v1/` and `/dash/v1/`. Nothing is signed,
 * the token is all that they need; pages of any origin may play.
 */
export function createSessionRoutes(options: SessionRoutesOptions): MediaRoute[] {
  const { sessions, sender, counters } = options;
  const services: SessionServices = { sessions, sender, counters, segments: new TsSegments(counters) };
  return [new SessionRoute('hls', services, options), new SessionRoute('dash', services, options)];
}

class SessionRoute implements MediaRoute {
  readonly prefix: string;
  readonly #protocol: 'hls' | 'dash';
  readonly #services: SessionServices;
  readonly #options: SessionRoutesOptions;

  constructor(protocol: 'hls' | 'dash', services: SessionServices, options: SessionRoutesOptions) {
    this.prefix = `/${protocol}/v1/`;
    this.#protocol = protocol;
    this.#services = services;
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method === 'OPTIONS') {
      answerPreflight(response);
      return;
    }
    try {
      await this.#answer(request, response, url);
    } catch (error) {
      this.#refuse(request, response, url.pathname, error);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new SessionError('MethodNotAllowed', `Playback knows ${METHODS}.`);
    }
    const children = CHILDREN[this.#protocol];
    const name = url.pathname.slice(this.prefix.length);
    const api = Object.hasOwn(children, name) ? children[name] : undefined;
    if (api === undefined) {
      throw new SessionError('ResourceNotFoundException', 'There is no such thing to play.');
    }
    const query = parseSessionQuery(url.searchParams);
    const nowMs = this.#options.now();
    const session = await this.#services.sessions.find(query.token, this.#protocol, nowMs);
    await SESSION_CALLS[api](this.#services, { request, response, query, session, nowMs });
    countAnswer(this.#services.counters, api, session.facts, this.#options.now() - nowMs);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, path: string, error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const { refused } = this.#services.counters;
    refused[refusal.code] = (refused[refusal.code] ?? 0) + 1;
    // The path only: the query holds the token.
    const facts = { code: refusal.code, path, remoteAddress: request.socket.remoteAddress };
    this.#options.logger.debug(facts, 'session call refused');
    sendRefusal(response, refusal);
  }
}

/** What a client is told of an error; `undefined`: it is a failure of ours, and the dispatcher's 500. */
function refusalOf(error: unknown): SessionError | undefined {
  if (error instanceof SessionError) return error;
  if (error instanceof TsError) return new SessionError('UnsupportedStreamMediaTypeException', error.message);
  if (error instanceof LogReadError && (error.code === 'gone' || error.code === 'not-found')) {
    return new SessionError('ResourceNotFoundException', 'This fragment is not recorded, or not any more.');
  }
  if (error instanceof StreamError) {
    if (error.code === 'not-found') {
      return new SessionError('ResourceNotFoundException', 'The stream of this session was deleted.');
    }
    if (error.code === 'closing') return new SessionError('ServiceUnavailable', 'The server is closing.');
  }
  return undefined;
}

/** Errors look as those of the service's operations (kvs.md §1.6). */
function sendRefusal(response: ServerResponse, error: SessionError): void {
  if (isGone(response)) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify({ Message: error.message }));
  const headers = [...COMMON_HEADERS, 'Cache-Control', 'no-store', 'x-amzn-ErrorType', error.code];
  if (error.code === 'MethodNotAllowed') headers.push('Allow', METHODS);
  headers.push('Content-Type', 'application/json', 'Content-Length', String(body.length));
  response.writeHead(error.status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** CORS: a page of another origin asks first whether it may send `Range`. */
function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, [
    ...COMMON_HEADERS,
    'Access-Control-Allow-Methods',
    METHODS,
    'Access-Control-Allow-Headers',
    '*',
    'Access-Control-Max-Age',
    '86400',
  ]);
  response.end();
}
