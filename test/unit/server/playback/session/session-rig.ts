import type { TestContext } from 'node:test';
import type { FragmentLog } from '../../../../../fragments/stream/fragment-log.ts';
import { newHttpCounters } from '../../../../../server/http/http-counters.ts';
import { createHttpServer } from '../../../../../server/http/http-server.ts';
import { MediaSender } from '../../../../../server/http/media-sender.ts';
import {
  newSessionCounters,
  type SessionCounters,
} from '../../../../../server/playback/session/session-counters.ts';
import type { SessionRequest } from '../../../../../server/playback/session/session-facts.ts';
import { createSessionRoutes } from '../../../../../server/playback/session/session-routes.ts';
import { type SessionStreams, Sessions } from '../../../../../server/playback/session/sessions.ts';
import { LogBook } from '../../http/http-rig.ts';
import { StreamRig, type StreamRigOptions } from '../hls/stream-rig.ts';

const SECRET = Buffer.alloc(32, 9);

/** A session as asked for without saying more than the mode. */
export function sessionRequest(of: Partial<SessionRequest> = {}): SessionRequest {
  const { protocol = 'hls', mode = 'ON_DEMAND', clock = 'server' } = of;
  return {
    protocol,
    mode,
    clock,
    container: 'mp4',
    discontinuity: clock === 'server' ? 'ALWAYS' : 'NEVER',
    showTimestamps: false,
    showNumbers: false,
    maxFragments: mode === 'ON_DEMAND' ? 1000 : 5,
    expiresS: 300,
    ...of,
  };
}

/** Sessions over one stream `cam` on a real port. */
export interface SessionServer<Log extends FragmentLog> {
  readonly rig: StreamRig<Log>;
  readonly counters: SessionCounters;
  readonly book: LogBook;
  /** `http://host:port` */
  readonly origin: string;
  /** Makes a session; answers the URL of its master playlist or manifest. */
  open(of?: Partial<SessionRequest>): Promise<string>;
  /** Forgets everything that is not in a token, as a restart does. */
  restart(): Promise<void>;
}

export function playbackUrl(origin: string, protocol: 'hls' | 'dash', token: string): string {
  const name = protocol === 'hls' ? 'getHLSMasterPlaylist.m3u8' : 'getDASHManifest.mpd';
  return `${origin}/${protocol}/v1/${name}?SessionToken=${token}`;
}

/** Closed when the test ends. */
export async function startSessionServer<Log extends FragmentLog>(
  t: TestContext,
  log: Log,
  options: StreamRigOptions = {},
): Promise<SessionServer<Log>> {
  const rig = await StreamRig.on(log, options);
  const streams: SessionStreams = {
    ...rig.streams,
    record: (name) => (name === rig.stream.record.name ? rig.stream.record : undefined),
  };
  const book = new LogBook();
  const counters = newSessionCounters();
  const httpCounters = newHttpCounters();
  let port = 0;
  const start = async () => {
    const sessions = new Sessions(streams, SECRET);
    const sender = new MediaSender({ counters: httpCounters, logger: book.logger });
    const server = createHttpServer({
      host: '127.0.0.1',
      port,
      mediaRoutes: createSessionRoutes({
        sessions,
        sender,
        counters,
        logger: book.logger,
        now: () => rig.nowMs,
      }),
      fallback: (_request, response) => void response.writeHead(404).end(),
      logger: book.logger,
      counters: httpCounters,
    });
    port = (await server.listen()).port;
    return { server, sessions };
  };
  let current = await start();
  t.after(() => current.server.close(0));
  return {
    rig,
    counters,
    book,
    origin: current.server.origin,
    async open(of) {
      const request = sessionRequest(of);
      const token = await current.sessions.create(rig.stream, request, rig.nowMs);
      return playbackUrl(current.server.origin, request.protocol, token);
    },
    async restart() {
      await current.server.close(0);
      current = await start();
    },
  };
}
