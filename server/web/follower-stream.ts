import { ApiError } from './api-error.ts';
import type { Call } from './call.ts';
import { EventStream } from './event-stream.ts';
import type { Followers } from './followers.ts';

const DEFAULT_HEARTBEAT_MS = 15_000;
/** A follower that has not taken anything for so long is dropped. */
const DEFAULT_STALL_MS = 60_000;

export interface FollowerKind {
  readonly followers: Followers;
  /** What is followed, for messages: `detection events`. */
  readonly what: string;
}

/**
 * An answer that stays open and carries what `send` sends, until it resolves, the client goes or does not read, or the server closes.
 * Throws ApiError `closing`, `too-many-followers`.
 */
export async function followerStream(
  call: Call,
  { followers, what }: FollowerKind,
  send: (stream: EventStream) => Promise<void>,
): Promise<void> {
  const { settings, logger, closing } = call.web;
  if (call.request.method === 'HEAD') {
    call.response.type('text/event-stream').end();
    return;
  }
  if (closing?.aborted) throw new ApiError(503, 'closing', 'The server is closing.');
  if (!followers.enter()) {
    throw new ApiError(503, 'too-many-followers', `Too many clients follow ${what}.`, {
      'retry-after': '30',
    });
  }
  const stream = new EventStream(call.response, {
    heartbeatMs: settings.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    stallMs: settings.followerStallMs ?? DEFAULT_STALL_MS,
  });
  const end = () => stream.end();
  closing?.addEventListener('abort', end);
  try {
    await send(stream);
  } catch (error) {
    // The headers are out: nothing can be told but by hanging up. The client comes back with Last-Event-ID.
    stream.hangUp();
    followers.countDropped();
    logger.error({ err: error, follower: call.principal.id, what }, 'follower dropped');
  } finally {
    if (stream.isStalled) followers.countDropped();
    followers.leave();
    closing?.removeEventListener('abort', end);
    end();
  }
}
