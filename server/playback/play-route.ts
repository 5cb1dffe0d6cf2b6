import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access, Principal } from '../access/access.ts';
import type { HttpLogger } from '../http/http-logger.ts';
import { sendError } from '../http/media-reply.ts';
import type { MediaRoute } from '../http/media-route.ts';
import type { OpenStream, StreamService } from '../streams/stream-service.ts';
import { PlaybackError, refusalOf } from './hls/playback-error.ts';
import { type PlaylistQuery, parsePlaylistQuery } from './hls/playlist-query.ts';
import { Viewers } from './hls/viewers.ts';

/** A request for one thing of a stream that is no playlist and no segment, by somebody who was recognized. */
export interface PlayCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stream: string;
  /** `start`, `end` and `token`, checked. */
  readonly query: PlaylistQuery;
  /** All parameters, for those that are its own. */
  readonly params: URLSearchParams;
  readonly principal: Principal;
  readonly nowMs: number;
  /** Throws StreamError `not-found`: to be called when it is known that the caller may. */
  open(): Promise<OpenStream>;
}

export interface PlayRouteOptions {
  /** Answers all that `files` does not name. */
  readonly hls: MediaRoute;
  /** By file name: `/play/<stream>/<name>`. Errors that `refusalOf` knows are answered. */
  readonly files: Readonly<Record<string, (call: PlayCall) => Promise<void>>>;
  readonly streams: Pick<StreamService, 'open'>;
  readonly access: Pick<Access, 'recognizeHttp'>;
  readonly logger: HttpLogger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How long somebody who was recognized is not checked again. */
const RECOGNITION_MS = 5000;
const METHODS = 'GET, HEAD, OPTIONS';
/** Stream names need no escapes. */
const PATH = /^\/play\/([\w.-]{1,256})\/([\w.-]{1,40})$/;

/** Everything below `/play/`: whole files (clips, pictures), and HLS for the rest. */
export function createPlayRoute(options: PlayRouteOptions): MediaRoute {
  const { hls, files, streams, access, logger, now } = options;
  const viewers = new Viewers(access, RECOGNITION_MS);

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL, target: Target) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new PlaybackError(405, 'method-not-allowed', `Playback knows ${METHODS}.`, { allow: METHODS });
    }
    const nowMs = now();
    const params = url.searchParams;
    const query = parsePlaylistQuery(params);
    const principal = viewers.recognize(request, query.token, nowMs);
    const { stream } = target;
    const open = () => streams.open(stream);
    await target.handler({ request, response, stream, query, params, principal, nowMs, open });
  }

  function targetOf(url: URL): Target | undefined {
    const [, stream, file] = PATH.exec(url.pathname) ?? [];
    if (stream === undefined || file === undefined || !Object.hasOwn(files, file)) return undefined;
    const handler = files[file];
    return handler === undefined ? undefined : { stream, handler };
  }

  return {
    prefix: '/play/',
    async handle(request, response, url) {
      const target = request.method === 'OPTIONS' ? undefined : targetOf(url);
      if (target === undefined) {
        await hls.handle(request, response, url);
        return;
      }
      try {
        await answer(request, response, url, target);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        const facts = { code: refusal.code, path: url.pathname, remoteAddress: request.socket.remoteAddress };
        logger.debug(facts, 'playback refused');
        sendError(response, refusal);
      }
    },
  };
}

interface Target {
  readonly stream: string;
  readonly handler: (call: PlayCall) => Promise<void>;
}
