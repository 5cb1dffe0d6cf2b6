import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { EVENT_PHASES, EVENT_TYPES } from '../../../ml/events/detection-event.ts';
import { isWanted } from '../../detection/event-filter.ts';
import type { EventBin, EventPage, EventQuery, StoredEvent } from '../../detection/event-store.ts';
import { ApiError } from '../api-error.ts';
import { ALL_TIME, type Call } from '../call.ts';
import { followerStream } from '../follower-stream.ts';
import { instant } from '../instant.ts';
import { ordinal, pageLimit } from '../query-values.ts';
import { route } from '../web-route.ts';

const HOUR_MS = 3_600_000;
const MAX_NAMES = 100;
const MAX_BINS = 2000;
/** The bins of an answer are counted in so many steps: nobody waits for all of a year. */
const COUNT_STEPS = 32;
/** Events that a follower is given at once. */
const BATCH = 100;
/** A follower whose conditions let nothing through is told its position after so many events. */
const POSITION_EVERY = 1000;
/** How far back who may watch live only is told of events when it comes back. */
const LIVE_REACH_MS = 60_000;

/** One value, or several: `label=car&label=bus`. */
function oneOrMore<Value extends z.ZodType<unknown, string>>(value: Value) {
  return z.union([value.transform((one) => [one]), z.array(value).min(1).max(MAX_NAMES)]).optional();
}

const conditions = {
  stream: oneOrMore(z.string().max(256)),
  label: oneOrMore(z.string().max(64)),
  zone: oneOrMore(z.string().max(64)),
  type: oneOrMore(z.enum(EVENT_TYPES)),
  phase: oneOrMore(z.enum(EVENT_PHASES)),
  track: z.string().max(64).optional(),
  model: z.string().max(64).optional(),
  minScore: z
    .string()
    .regex(/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/, 'a number from 0 to 1 is needed')
    .transform(Number)
    .optional(),
  archive: z.enum(['true', 'false']).optional(),
};

const times = { from: instant.optional(), to: instant.optional() };

type Conditions = z.output<z.ZodObject<typeof conditions>>;
type Range = { readonly fromMs: number; readonly toMs: number };

export const eventRoutes = [
  route({
    method: 'get',
    path: '/api/events',
    query: z.object({
      ...conditions,
      ...times,
      order: z.enum(['newest', 'oldest']).default('newest'),
      limit: pageLimit,
      cursor: z.string().max(100).optional(),
    }),
    handle: (call) => {
      const { from, to, order, limit, cursor } = call.query;
      const range = rangeOf(from ?? ALL_TIME.fromMs, to ?? ALL_TIME.toMs);
      const query = { ...queryOf(call.query), ...range, streams: seenStreams(call, call.query, range) };
      const page = searched(() =>
        call.web.events.search(query, { order, limit, ...(cursor === undefined ? {} : { cursor }) }),
      );
      return { events: page.events.map(eventJson), next: page.cursor ?? null };
    },
  }),
  route({
    method: 'get',
    path: '/api/events/counts',
    query: z.object({
      ...conditions,
      ...times,
      bin: z
        .string()
        .regex(/^\d{1,12}$/, 'a whole number of milliseconds is needed')
        .transform(Number)
        .pipe(z.number().min(1000))
        .default(HOUR_MS),
    }),
    handle: async (call) => {
      const { bin: binMs } = call.query;
      const toMs = call.query.to ?? call.nowMs;
      const range = rangeOf(call.query.from ?? toMs - 24 * HOUR_MS, toMs);
      if ((range.toMs - range.fromMs) / binMs > MAX_BINS) {
        throw new ApiError(
          400,
          'too-many-bins',
          `from, to, bin: at most ${MAX_BINS} bins are counted at once`,
        );
      }
      const query = { ...queryOf(call.query), streams: seenStreams(call, call.query, range) };
      return { binMs, ...range, bins: await countedInSteps(call, query, range, binMs) };
    },
  }),
  route({
    method: 'get',
    path: '/api/events/follow',
    query: z.object({ ...conditions, after: ordinal.optional() }),
    handle: (call) => {
      const streams = call.query.stream;
      for (const stream of streams ?? []) call.require({ action: 'view', stream, of: 'live' });
      const query = { ...queryOf(call.query), ...(streams === undefined ? {} : { streams }) };
      const lastId = ordinal.safeParse(call.request.get('last-event-id'));
      const { events } = call.web;
      const after = lastId.success ? lastId.data : call.query.after;
      return followEvents(call, query, Math.min(after ?? events.lastSeq, events.lastSeq));
    },
  }),
  route({
    method: 'get',
    path: '/api/events/:id',
    handle: (call) => {
      const { principal } = call;
      const stored = call.web.events.event(call.param('id'));
      const atMs = stored?.event.producerMs ?? 0;
      const mayKnow =
        stored !== undefined &&
        principal.may({ action: 'view', stream: stored.event.stream, of: { fromMs: atMs, toMs: atMs } });
      // Who may not see it learns nothing of it.
      if (!mayKnow) throw new ApiError(404, 'not-found', 'There is no such event.');
      return eventJson(stored);
    },
  }),
];

function eventJson({ seq, event }: StoredEvent) {
  return { seq, ...event };
}

function rangeOf(fromMs: number, toMs: number): Range {
  if (toMs > fromMs) return { fromMs, toMs };
  throw new ApiError(400, 'invalid-request', 'to: must be later than from');
}

function queryOf({ label, zone, type, phase, track, model, minScore, archive }: Conditions): EventQuery {
  return {
    ...(label === undefined ? {} : { labels: label }),
    ...(zone === undefined ? {} : { zones: zone }),
    ...(type === undefined ? {} : { types: type }),
    ...(phase === undefined ? {} : { phases: phase }),
    ...(track === undefined ? {} : { trackId: track }),
    ...(model === undefined ? {} : { model }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(archive === undefined ? {} : { isFromArchive: archive === 'true' }),
  };
}

/** The streams that are asked for, for each of which the right is needed; or all that the caller may see, in this range. */
function seenStreams(call: Call, { stream }: Conditions, range: Range): readonly string[] {
  const { principal } = call;
  for (const name of stream ?? []) call.require({ action: 'view', stream: name, of: range });
  const names = stream ?? call.web.events.streams();
  return names.filter((name) => principal.may({ action: 'view', stream: name, of: range }));
}

function searched(search: () => EventPage): EventPage {
  try {
    return search();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiError(
      400,
      'invalid-position',
      'cursor: not one that this search gave.',
      {},
      { cause: error },
    );
  }
}

async function countedInSteps(
  { web: { events } }: Call,
  query: EventQuery,
  { fromMs, toMs }: Range,
  binMs: number,
): Promise<EventBin[]> {
  const firstMs = Math.floor(fromMs / binMs) * binMs;
  const stepMs = Math.ceil((toMs - firstMs) / binMs / COUNT_STEPS) * binMs;
  const bins: EventBin[] = [];
  for (let startMs = firstMs; startMs < toMs; startMs += stepMs) {
    const step = { fromMs: Math.max(startMs, fromMs), toMs: Math.min(startMs + stepMs, toMs) };
    bins.push(...events.counts({ ...query, ...step }, binMs));
    await turn();
  }
  return bins;
}

/** Events as server-sent events, in their one order, until the client goes: what it has missed, then what comes. */
async function followEvents(call: Call, query: EventQuery, afterSeq: number): Promise<undefined> {
  const { principal, web } = call;
  const { events, now } = web;
  await followerStream(
    call,
    { followers: call.web.eventFollowers, what: 'detection events' },
    async (stream) => {
      let seq = afterSeq;
      let silent = 0;
      const tellPosition = () => stream.send({ event: 'position', id: String(seq), data: {} });
      await tellPosition();
      while (!stream.closed.aborted) {
        const batch = events.after(seq, BATCH);
        if (batch.length === 0) await nextCommit(call, seq, stream.closed);
        for (const stored of batch) {
          if (principal.isOver?.(now()) === true) return;
          seq = stored.seq;
          if (isWanted(query, stored.event) && maySeeEvent(call, stored)) {
            await stream.send({ event: 'detection', id: String(seq), data: stored.event });
            silent = 0;
          } else if (++silent % POSITION_EVERY === 0) await tellPosition();
        }
      }
    },
  );
  return undefined;
}

/** What happens now, for those who may watch live; of what was, what they may see. */
function maySeeEvent({ principal, web }: Call, { event }: StoredEvent): boolean {
  const { stream, producerMs, serverMs } = event;
  const isRecent = serverMs >= web.now() - LIVE_REACH_MS;
  return (
    (isRecent && principal.may({ action: 'view', stream, of: 'live' })) ||
    principal.may({ action: 'view', stream, of: { fromMs: producerMs, toMs: producerMs } })
  );
}

function nextCommit({ web: { events } }: Call, seq: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || events.lastSeq > seq) {
      resolve();
      return;
    }
    const done = () => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = events.onCommit(done);
    signal.addEventListener('abort', done);
  });
}
