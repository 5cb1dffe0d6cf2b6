import { z } from 'zod';
import { type DataStreamInfo, RecordError, type RecordToPut } from '../../records/record-service.ts';
import { ApiError } from '../api-error.ts';
import type { Call } from '../call.ts';
import { knownStream, maySeeData } from '../data-rights.ts';
import { pageLimit } from '../query-values.ts';
import { dataStreamJson, shardJson } from '../record-json.ts';
import { route } from '../web-route.ts';

const SERVICE_PAGE = 500;
/** Shards that one answer lists. */
const MAX_SHARDS = 10_000;
const MAX_NEW_SHARDS = 1000;
/** As many as PutRecords takes. */
const MAX_PUT_RECORDS = 500;
const MAX_PUT_BYTES = 2 * 1024 * 1024;

const newRecord = z.strictObject({
  partitionKey: z.string().min(1).max(256),
  explicitHashKey: z.string().optional(),
  encoding: z.enum(['json', 'text', 'base64']).default('json'),
  data: z.unknown(),
});

export const dataStreamRoutes = [
  route({
    method: 'get',
    path: '/api/data-streams',
    query: z.object({ after: z.string().max(256).optional(), limit: pageLimit }),
    handle: (call) => {
      const { visible, more } = visibleStreams(call, call.query);
      return { streams: visible.map(dataStreamJson), next: more ? (visible.at(-1)?.name ?? null) : null };
    },
  }),
  route({
    method: 'post',
    path: '/api/data-streams',
    body: z.strictObject({
      name: z.string(),
      shards: z.number().int().min(1).max(MAX_NEW_SHARDS).optional(),
      mode: z.enum(['PROVISIONED', 'ON_DEMAND']).default('PROVISIONED'),
      retentionHours: z.number().int().min(24).max(8760).default(24),
    }),
    handle: (call) => {
      call.require({ action: 'admin' });
      const { name, shards, mode, retentionHours } = call.body;
      const options = { mode, retentionHours, ...(shards === undefined ? {} : { shardCount: shards }) };
      const stream = call.web.records.create(name, options, call.nowMs);
      call.response.status(201).location(`/api/data-streams/${encodeURIComponent(name)}`);
      return dataStreamJson(stream);
    },
  }),
  route({
    method: 'get',
    path: '/api/data-streams/:name',
    handle: (call) => {
      const stream = seenStream(call);
      return { ...dataStreamJson(stream), shards: stream.shards.slice(0, MAX_SHARDS).map(shardJson) };
    },
  }),
  route({
    method: 'delete',
    path: '/api/data-streams/:name',
    handle: async (call) => {
      call.require({ action: 'admin' });
      await call.web.records.delete(call.param('name'));
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'post',
    path: '/api/data-streams/:name/records',
    bodyLimitBytes: MAX_PUT_BYTES,
    body: z.strictObject({ records: z.array(newRecord).min(1).max(MAX_PUT_RECORDS) }),
    handle: async (call) => {
      const name = call.param('name');
      call.require({ action: 'publish', stream: name });
      knownStream(call, name);
      const records = call.body.records.map(recordToPut);
      const results = await call.web.records.putMany(name, records, call.nowMs);
      return {
        failed: results.filter((result) => result instanceof RecordError).length,
        records: results.map((result) =>
          result instanceof RecordError
            ? { shardId: null, sequenceNumber: null, error: { code: result.code, message: result.message } }
            : { ...result, error: null },
        ),
      };
    },
  }),
];

function seenStream(call: Call): DataStreamInfo {
  const name = call.param('name');
  if (!maySeeData(call.principal, name)) call.require({ action: 'view', stream: name, of: 'live' });
  return knownStream(call, name);
}

function visibleStreams(call: Call, page: { readonly after?: string | undefined; readonly limit: number }) {
  const { principal, web } = call;
  const visible: DataStreamInfo[] = [];
  let after = page.after ?? '';
  for (;;) {
    const streams = web.records.list({ after, limit: SERVICE_PAGE });
    for (const stream of streams) {
      if (!maySeeData(principal, stream.name)) continue;
      if (visible.length === page.limit) return { visible, more: true };
      visible.push(stream);
    }
    if (streams.length < SERVICE_PAGE) return { visible, more: false };
    after = streams.at(-1)?.name ?? after;
  }
}

function recordToPut(record: z.output<typeof newRecord>, index: number): RecordToPut {
  const { partitionKey, explicitHashKey } = record;
  const data = bytesOf(record, `records.${index}.data`);
  return { partitionKey, data, ...(explicitHashKey === undefined ? {} : { explicitHashKey }) };
}

function bytesOf({ encoding, data }: z.output<typeof newRecord>, where: string): Uint8Array {
  if (encoding === 'json') {
    const text = JSON.stringify(data);
    if (text === undefined) throw new ApiError(400, 'invalid-request', `${where}: is missing`);
    return Buffer.from(text);
  }
  if (typeof data !== 'string') throw new ApiError(400, 'invalid-request', `${where}: a text is needed`);
  if (encoding === 'text') return Buffer.from(data);
  const { success } = z.base64().safeParse(data);
  if (!success) throw new ApiError(400, 'invalid-request', `${where}: is no Base64`);
  return Buffer.from(data, 'base64');
}
