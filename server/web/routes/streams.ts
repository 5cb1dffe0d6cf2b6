import { z } from 'zod';
import { fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { StreamRecord } from '../../catalog/catalog.ts';
import { type OpenStream, StreamError } from '../../streams/stream-service.ts';
import { ApiError } from '../api-error.ts';
import { type Call, maySee } from '../call.ts';
import { pageLimit } from '../query-values.ts';
import { liveJson, recordJson, streamJson } from '../resources.ts';
import { route } from '../web-route.ts';

const retentionHours = z.number().nonnegative().max(1_000_000).nullable();
const maxBytes = z.number().int().nonnegative().nullable();

const SERVICE_PAGE = 500;

export const streamRoutes = [
  route({
    method: 'get',
    path: '/api/streams',
    query: z.object({
      after: z.string().max(256).optional(),
      prefix: z.string().max(256).optional(),
      limit: pageLimit,
    }),
    handle: (call) => {
      const { visible, more } = visibleStreams(call, call.query);
      const streams = visible.map((record) =>
        streamJson(record, call.web.streams.peek(record.name), call.nowMs),
      );
      return { streams, next: more ? (visible.at(-1)?.name ?? null) : null };
    },
  }),
  route({
    method: 'post',
    path: '/api/streams',
    body: z.strictObject({
      name: z.string(),
      retentionHours: retentionHours.optional(),
      maxBytes: maxBytes.optional(),
    }),
    handle: (call) => {
      call.require({ action: 'admin' });
      const { name, ...settings } = call.body;
      const record = call.web.streams.create(name, definedOnly(settings));
      call.response.status(201).location(`/api/streams/${encodeURIComponent(record.name)}`);
      return streamJson(record, call.web.streams.peek(record.name), call.nowMs);
    },
  }),
  route({
    method: 'get',
    path: '/api/streams/:name',
    handle: async (call) => {
      const name = visibleName(call);
      const open = await call.web.streams.open(name);
      return { ...streamJson(open.record, open, call.nowMs), recorded: await recordedJson(open) };
    },
  }),
  route({
    method: 'patch',
    path: '/api/streams/:name',
    body: z.strictObject({
      retentionHours: retentionHours.optional(),
      maxBytes: maxBytes.optional(),
      version: z.number().int().optional(),
    }),
    handle: (call) => {
      call.require({ action: 'admin' });
      const record = knownRecord(call);
      const { version, ...changes } = call.body;
      if (version !== undefined && version !== record.version) {
        throw new ApiError(409, 'version-changed', `The stream is at version ${record.version} by now.`);
      }
      return recordJson(call.web.streams.update(record.name, definedOnly(changes)));
    },
  }),
  route({
    method: 'delete',
    path: '/api/streams/:name',
    handle: async (call) => {
      call.require({ action: 'admin' });
      await call.web.streams.delete(call.param('name'));
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'get',
    path: '/api/streams/:name/live',
    handle: async (call) => {
      const name = visibleName(call);
      const isAdmin = call.principal.may({ action: 'admin' });
      return liveJson(await call.web.streams.open(name), call.nowMs, isAdmin);
    },
  }),
];

/** The stream of the path, for somebody who may see it. The right is asked for first: who has none learns nothing. */
function visibleName(call: Call): string {
  const name = call.param('name');
  if (!maySee(call.principal, name)) call.require({ action: 'view', stream: name, of: 'live' });
  return name;
}

function knownRecord(call: Call): StreamRecord {
  const name = call.param('name');
  const record = call.web.streams.record(name);
  if (record === undefined) throw new StreamError('not-found', `There is no stream ${name}.`);
  return record;
}

/** One page of the streams that the caller may see, however many others lie between them. */
function visibleStreams(
  call: Call,
  page: { readonly after?: string | undefined; readonly prefix?: string | undefined; readonly limit: number },
): { visible: StreamRecord[]; more: boolean } {
  const { principal, web } = call;
  const visible: StreamRecord[] = [];
  let after = page.after;
  for (;;) {
    const records = web.streams.list(definedOnly({ after, prefix: page.prefix, limit: SERVICE_PAGE }));
    for (const record of records) {
      if (!maySee(principal, record.name)) continue;
      if (visible.length === page.limit) return { visible, more: true };
      visible.push(record);
    }
    if (records.length < SERVICE_PAGE) return { visible, more: false };
    after = records.at(-1)?.name;
  }
}

/** What is stored, from its first fragment to its last; `null` when nothing is. */
async function recordedJson({ log }: OpenStream) {
  const { firstOrdinal, end } = log;
  const [first] = await log.list(firstOrdinal, 1);
  const last = await log.find({ by: 'ordinal', ordinal: end.nextOrdinal - 1 });
  if (first === undefined || last === undefined) return null;
  return {
    startMs: first.producerMs,
    endMs: last.producerMs + fragmentDurationMs(last),
    firstOrdinal: first.ordinal,
    lastOrdinal: last.ordinal,
    sizeBytes: log.sizeBytes,
  };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Leaves out what was not given, so that a spread does not overwrite with `undefined`. */
function definedOnly<T extends object>(values: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Defined<T>
  >;
}
