import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../access/access.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import type { LiveEdge } from './blocking-reload.ts';
import type { HlsCounters } from './hls-counters.ts';
import type { HlsSettings } from './hls-settings.ts';
import type { HlsStream } from './hls-stream.ts';
import type { HlsStreams } from './hls-streams.ts';
import { PlaybackError } from './playback-error.ts';
import type { PlaylistQuery } from './playlist-query.ts';

/** What all requests share. */
export interface HlsServices {
  readonly streams: HlsStreams;
  readonly sender: MediaSender;
  readonly counters: HlsCounters;
  readonly settings: HlsSettings;
}

/** One request for something below `/play/`, by somebody who was recognized. */
export interface HlsCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stream: string;
  readonly query: PlaylistQuery;
  readonly principal: Principal;
  readonly nowMs: number;
}

/** Only what anybody may have is for shared caches. */
export function cacheScope(call: HlsCall): 'public' | 'private' {
  return call.principal.kind === 'open' ? 'public' : 'private';
}

/**
 * Waits for the live edge on behalf of a request. False: its client has gone, there is nobody to answer.
 *
 * @throws PlaybackError 503 when it waited too long, the server closes, or too many wait already
 */
export async function waitFor(
  services: HlsServices,
  hls: HlsStream,
  call: HlsCall,
  timeoutMs: number,
  isReady: (edge: LiveEdge) => boolean,
): Promise<boolean> {
  services.counters.waits += 1;
  const release = await hls.wait(call.response, timeoutMs, isReady);
  switch (release) {
    case 'advanced':
      return true;
    case 'gone':
      return false;
    case 'overdue':
      services.counters.overdue += 1;
      throw new PlaybackError(503, 'blocked-too-long', 'The camera has sent nothing new for too long.', {
        retryAfterS: 1,
      });
    case 'full':
      throw new PlaybackError(503, 'too-many-waiting', 'Too many requests wait for this stream.', {
        retryAfterS: 1,
      });
    case 'closing':
      throw new PlaybackError(503, 'closing', 'The server is closing.', { retryAfterS: 2 });
  }
}
