import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { MediaError } from '../../http/media-reply.ts';
import { StreamError } from '../../streams/stream-service.ts';
import { RangeTooLongError } from './archive-playlist.ts';
import { PlaylistQueryError } from './playlist-query.ts';

/** A request that playback refuses, with the status and the stable code that the client gets. */
export class PlaybackError extends Error implements MediaError {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS?: number;
  readonly allow?: string;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: { readonly retryAfterS?: number; readonly allow?: string } = {},
  ) {
    super(message);
    this.name = 'PlaybackError';
    this.status = status;
    this.code = code;
    Object.assign(this, extra);
  }
}

/** What a client is told of an error; `undefined`: it is a failure of ours, and the dispatcher's 500. */
export function refusalOf(error: unknown): MediaError | undefined {
  if (error instanceof PlaybackError) return error;
  if (error instanceof PlaylistQueryError) return { status: 400, code: error.code, message: error.message };
  if (error instanceof RangeTooLongError)
    return { status: 400, code: 'range-too-long', message: error.message };
  if (error instanceof LogReadError && (error.code === 'gone' || error.code === 'not-found')) {
    return { status: 404, code: 'gone', message: 'This fragment is not recorded, or not any more.' };
  }
  if (error instanceof StreamError) {
    if (error.code === 'not-found' || error.code === 'invalid-name') {
      return { status: 404, code: 'stream-not-found', message: 'There is no such stream.' };
    }
    if (error.code === 'closing') {
      return { status: 503, code: 'closing', message: 'The server is closing.', retryAfterS: 2 };
    }
  }
  return undefined;
}
