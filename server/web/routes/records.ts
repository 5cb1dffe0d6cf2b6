import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import { ALL_TIME, type Call } from '../call.ts';
import { knownStream } from '../data-rights.ts';
import { EventStream } from '../event-stream.ts';
import { instant } from '../instant.ts';
import { parseCursor } from '../record-cursor.ts';
import { matches, parseRecordFilter, type RecordFilter } from '../record-filter.ts';
import { type FollowRecordsOptions, RecordFollower } from '../record-follower.ts';
import { contentOf, recordJson } from '../record-json.ts';
import { route } from '../web-route.ts';

const DEFAULT_HEARTBEAT_MS = 15_000;
/** A follower that has not taken anything for so long is dropped. */
const DEFAULT_STALL_MS = 60_000;
const DEFAULT_PAGE = 100;
const MAX_FILTERS = 8;
/** A page ends after so much, also when few records have passed its filters. */
const MAX_PAGE_SCAN = 10_000;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** A follower whose filters let nothing through is told its position after so many records. */
const POSITION_EVERY = 1000;
/** How far back who may watch live only is told of records when it comes back. */
const LIVE_REACH_MS = 60_000;

const query = z.object({
  from: z.union([z.enum(['trim-horizon', 'latest']), instant]).optional(),
  to: instant.optional(),
  after: z.string().optional(),
  filter: z
    .union([z.string().transform((text) => [text]), z.array(z.string()).max(MAX_FILTERS)])
    .default([])
    .transform((texts) => texts.map(parseRecordFilter)),
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number is needed')
    .transform(Number)
    .pipe(z.number().min(1).max(1000))
    .optional(),
});

type RecordsCall = Call<z.output<typeof query>>;

export const recordRoutes = [
  route({
    method: 'get',
    path: '/api/streams/:name/records',
    query,
    handle: async (call) => {
      call.response.vary('accept');
      switch (call.request.accepts(['text/event-stream', 'application/json'])) {
        case 'text/event-stream':
          return followRecords(call);
        case 'application/json':
          return recordPage(call);
        default:
          throw new ApiError(406, 'not-acceptable', 'There is text/event-stream and application/json.');
      }
    },
  }),
];

/** Records as server-sent events, until the client goes. */
async function followRecords(call: RecordsCall): Promise<undefined> {
  const { settings, logger, closing, recordFollowers: followers, now } = call.web;
  const from = call.query.from ?? 'latest';
  const view = viewOf(call, from, true);
  const follower = await followerOf(call, from, call.request.get('last-event-id') ?? call.query.after);
  if (follower === undefined) {
    // "HTTP 204 No Content response can be used to tell clients to stop reconnecting" (WHATWG HTML section 9.2.2).
    call.response.status(204).end();
    return undefined;
  }
  if (call.request.method === 'HEAD') {
    call.response.type('text/event-stream').end();
    return undefined;
  }
  if (closing?.aborted) throw new ApiError(503, 'closing', 'The server is closing.');
  if (!followers.enter()) {
    throw new ApiError(503, 'too-many-followers', 'Too many clients follow records.', {
      'retry-after': '30',
    });
  }
  const events = new EventStream(call.response, {
    heartbeatMs: settings.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    stallMs: settings.followerStallMs ?? DEFAULT_STALL_MS,
  });
  const end = () => events.end();
  closing?.addEventListener('abort', end);
  const tellPosition = () => events.send({ event: 'position', id: follower.cursor, data: {} });
  let rest = call.query.limit ?? Number.POSITIVE_INFINITY;
  let silent = 0;
  try {
    await tellPosition();
    for await (const { shardId, record } of follower.follow(events.closed, { wait: true })) {
      if (call.principal.isOver?.(now()) === true) return undefined;
      const content = contentOf(record);
      if (record.arrivalMs >= view.fromMs && passes(call.query.filter, content)) {
        await events.send({
          event: 'record',
          id: follower.cursor,
          data: recordJson(shardId, record, content),
        });
        silent = 0;
        rest -= 1;
        if (rest === 0) break;
      } else {
        silent += 1;
        if (silent % POSITION_EVERY === 0) await tellPosition();
      }
    }
    if (!events.closed.aborted) await events.send({ event: 'end', id: follower.endCursor, data: {} });
  } catch (error) {
    // The headers are out: nothing can be told but by hanging up. The client comes back with Last-Event-ID.
    events.hangUp();
    followers.countDropped();
    logger.info({ err: error, stream: call.param('name'), follower: call.principal.id }, 'follower dropped');
  } finally {
    if (events.isStalled) followers.countDropped();
    followers.leave();
    closing?.removeEventListener('abort', end);
    end();
  }
  return undefined;
}

/** One page of what is there now. */
async function recordPage(call: RecordsCall): Promise<object> {
  const { filter, limit = DEFAULT_PAGE } = call.query;
  const from = call.query.from ?? 'trim-horizon';
  const view = viewOf(call, from, false);
  const follower = await followerOf(call, from, call.query.after);
  if (follower === undefined) return { records: [], next: null, isAtTip: true };
  const records: object[] = [];
  let scanned = 0;
  let sizeBytes = 0;
  let isFull = false;
  const gone = new AbortController();
  call.response.on('close', () => gone.abort());
  for await (const { shardId, record } of follower.follow(gone.signal, { wait: false })) {
    const content = contentOf(record);
    if (record.arrivalMs >= view.fromMs && passes(filter, content)) {
      records.push(recordJson(shardId, record, content));
      sizeBytes += record.data.length;
    }
    scanned += 1;
    isFull = records.length >= limit || scanned >= MAX_PAGE_SCAN || sizeBytes >= MAX_PAGE_BYTES;
    if (isFull) break;
  }
  return { records, next: follower.isOver ? null : follower.cursor, isAtTip: !isFull };
}

/**
 * The times that the caller looks at, for which it must have the right. Who comes back to the live edge with a right to that only is shown
 * what is a minute old at most.
 */
function viewOf(call: RecordsCall, from: 'trim-horizon' | 'latest' | number, isFollowing: boolean) {
  const name = call.param('name');
  const toMs = call.query.to ?? Number.POSITIVE_INFINITY;
  if (typeof from === 'number' && toMs <= from) {
    throw new ApiError(400, 'invalid-request', 'to: must be later than from');
  }
  if (from === 'latest' || (isFollowing && toMs > call.nowMs)) {
    call.require({ action: 'view', stream: name, of: 'live' });
  }
  if (from === 'latest') {
    const maySeeAll = call.principal.may({ action: 'view', stream: name, of: ALL_TIME });
    return { fromMs: maySeeAll ? ALL_TIME.fromMs : call.nowMs - LIVE_REACH_MS };
  }
  const fromMs = typeof from === 'number' ? from : ALL_TIME.fromMs;
  call.require({ action: 'view', stream: name, of: { fromMs, toMs } });
  return { fromMs };
}

/** `undefined`: nothing follows behind the position. */
async function followerOf(
  call: RecordsCall,
  from: 'trim-horizon' | 'latest' | number,
  after: string | undefined,
): Promise<RecordFollower | undefined> {
  const { records, now } = call.web;
  const options: FollowRecordsOptions = {
    records,
    stream: knownStream(call, call.param('name')),
    toMs: call.query.to ?? Number.POSITIVE_INFINITY,
    now,
  };
  if (after !== undefined) {
    const cursor = parseCursor(after);
    return cursor.isOver ? undefined : RecordFollower.resume(options, cursor);
  }
  if (typeof from === 'number') return RecordFollower.begin(options, { atMs: from });
  return RecordFollower.begin(options, from === 'latest' ? 'LATEST' : 'TRIM_HORIZON');
}

function passes(
  filters: readonly RecordFilter[],
  content: { readonly encoding: string; readonly data: unknown },
): boolean {
  if (filters.length === 0) return true;
  return content.encoding === 'json' && filters.every((filter) => matches(filter, content.data));
}
