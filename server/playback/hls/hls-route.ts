import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import type { HttpLogger } from '../../http/http-logger.ts';
import { COMMON_HEADERS, sendError } from '../../http/media-reply.ts';
import type { MediaRoute } from '../../http/media-route.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import type { HlsCall, HlsServices } from './hls-call.ts';
import { type HlsCounters, newHlsCounters } from './hls-counters.ts';
import { DEFAULT_HLS_SETTINGS, type HlsSettings } from './hls-settings.ts';
import { HlsStreams, type PlayableStreams } from './hls-streams.ts';
import { answerInit, answerPart, answerSegment } from './media-calls.ts';
import { type PlayTarget, parsePlayPath } from './play-path.ts';
import { PlaybackError, refusalOf } from './playback-error.ts';
import { answerArchive, answerDvr, answerLive } from './playlist-calls.ts';
import { type PlaylistQuery, parsePlaylistQuery } from './playlist-query.ts';
import { Viewers } from './viewers.ts';

export interface HlsRouteOptions {
  readonly streams: PlayableStreams;
  readonly access: Pick<Access, 'recognizeHttp'>;
  readonly sender: MediaSender;
  readonly logger: HttpLogger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly settings?: Partial<HlsSettings>;
}

/** HLS and LL-HLS below `/play/` (URLs: play-path.ts). */
export interface HlsRoute extends MediaRoute {
  readonly counters: HlsCounters;
  /** Requests waiting for the live edge now. */
  readonly waiting: number;
  /** Answers all waiting requests with 503 and forgets its streams: to be called before the HTTP port closes. */
  close(): void;
}

const NO_QUERY: PlaylistQuery = {};
const METHODS = 'GET, HEAD, OPTIONS';

export function createHlsRoute(options: HlsRouteOptions): HlsRoute {
  const settings = { ...DEFAULT_HLS_SETTINGS, ...options.settings };
  const counters = newHlsCounters();
  const streams = new HlsStreams(options.streams, settings, options.now);
  const viewers = new Viewers(options.access, settings.recognitionMs);
  const services: HlsServices = { streams, sender: options.sender, counters, settings };

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new PlaybackError(405, 'method-not-allowed', `Playback knows ${METHODS}.`, { allow: METHODS });
    }
    if (streams.isClosed)
      throw new PlaybackError(503, 'closing', 'The server is closing.', { retryAfterS: 2 });
    const path = parsePlayPath(url.pathname);
    if (path === undefined) throw new PlaybackError(404, 'not-found', 'There is no such thing to play.');
    const query = url.search === '' ? NO_QUERY : parsePlaylistQuery(url.searchParams);
    const nowMs = options.now();
    const principal = viewers.recognize(request, query.token, nowMs);
    await answerTarget({ request, response, stream: path.stream, query, principal, nowMs }, path.target);
  }

  function answerTarget(call: HlsCall, target: PlayTarget): Promise<void> {
    switch (target.kind) {
      case 'live':
        return answerLive(services, call);
      case 'dvr':
        return answerDvr(services, call);
      case 'archive':
        return answerArchive(services, call);
      case 'init':
        return answerInit(services, call, target.initId);
      case 'segment':
        return answerSegment(services, call, target.number);
      case 'part':
        return answerPart(services, call, target.ordinal, target.index);
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, path: string, error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    counters.refused[refusal.code] = (counters.refused[refusal.code] ?? 0) + 1;
    // The path has no secret; the query may hold one.
    const facts = { code: refusal.code, path, remoteAddress: request.socket.remoteAddress };
    if (refusal.status === 404 || refusal.status === 400) options.logger.debug(facts, 'playback refused');
    else options.logger.info(facts, 'playback refused');
    sendError(response, refusal);
  }

  return {
    prefix: '/play/',
    counters,
    get waiting() {
      return streams.waiting;
    },
    async handle(request, response, url) {
      if (request.method === 'OPTIONS') {
        answerPreflight(response);
        return;
      }
      try {
        await answer(request, response, url);
      } catch (error) {
        refuse(request, response, url.pathname, error);
      }
    },
    close: () => streams.close(),
  };
}

/** CORS: a page of another origin asks first whether it may send `Authorization` or `Range`. */
function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, [
    ...COMMON_HEADERS,
    'Access-Control-Allow-Methods',
    METHODS,
    'Access-Control-Allow-Headers',
    'Authorization, Range, If-None-Match, If-Range',
    'Access-Control-Max-Age',
    '86400',
  ]);
  response.end();
}
