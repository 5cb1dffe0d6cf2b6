import { z } from 'zod';
import type { FragmentEvent, OpenStream } from '../../streams/stream-service.ts';
import { ApiError } from '../api-error.ts';
import { ALL_TIME, type Call } from '../call.ts';
import { EventStream } from '../event-stream.ts';
import { followFragments, SlowFollowerError } from '../follow-fragments.ts';
import { ordinal } from '../query-values.ts';
import { route } from '../web-route.ts';

const DEFAULT_MAX_BACKLOG = 1000;
const DEFAULT_HEARTBEAT_MS = 15_000;

export const fragmentEventRoutes = [
  route({
    method: 'get',
    path: '/api/streams/:name/fragments/events',
    query: z.object({ after: ordinal.optional() }),
    handle: async (call) => {
      const name = call.param('name');
      call.require({ action: 'view', stream: name, of: 'live' });
      const stream = await call.web.streams.open(name);
      const afterOrdinal = startOrdinal(call, stream, call.query.after);
      const { followers, settings, logger, closing } = call.web;
      if (closing?.aborted) throw new ApiError(503, 'closing', 'The server is closing.');
      if (!followers.enter()) {
        throw new ApiError(503, 'too-many-followers', 'Too many clients follow events.', {
          'retry-after': '30',
        });
      }
      const events = new EventStream(call.response, {
        heartbeatMs: settings.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
      });
      const end = () => events.end();
      closing?.addEventListener('abort', end);
      try {
        const following = followFragments(stream, {
          afterOrdinal,
          maxWaiting: settings.maxFollowerBacklog ?? DEFAULT_MAX_BACKLOG,
          onOverflow: () => events.hangUp(),
          signal: events.closed,
        });
        for await (const event of following) {
          await events.send(toServerSent(event));
        }
      } catch (error) {
        // The headers are out: nothing can be told but by hanging up. The client comes back with Last-Event-ID.
        events.hangUp();
        followers.countDropped();
        const level = error instanceof SlowFollowerError ? 'info' : 'error';
        logger[level]({ err: error, stream: name, follower: call.principal.id }, 'event follower dropped');
      } finally {
        followers.leave();
        closing?.removeEventListener('abort', end);
        end();
      }
      return undefined;
    },
  }),
];

/** `received` carries no id: after a reconnect its `persisted` must still come. */
function toServerSent({ type, ...data }: FragmentEvent) {
  return type === 'received' ? { event: type, data } : { event: type, id: String(data.ordinal), data };
}

/**
 * Where to start: after the last event that the client saw. Who may watch live only is told of what the live window still holds,
 * and of nothing older.
 */
function startOrdinal(call: Call, stream: OpenStream, after: number | undefined): number | undefined {
  const lastId = ordinal.safeParse(call.request.get('last-event-id'));
  const wanted = lastId.success ? lastId.data : after;
  if (wanted === undefined) return undefined;
  if (call.principal.may({ action: 'view', stream: stream.record.name, of: ALL_TIME })) return wanted;
  const oldestLive = stream.window.fragments[0]?.info.ordinal ?? stream.window.nextOrdinal;
  return Math.max(wanted, oldestLive - 1);
}
