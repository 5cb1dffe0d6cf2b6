import { z } from 'zod';
import type { ShardPosition, StartingPosition } from '../../records/record-service.ts';
import { isSequenceNumberText } from '../../records/sequence-number.ts';
import { ApiError } from '../api-error.ts';
import type { Call } from '../call.ts';
import { viewedStream } from '../data-rights.ts';
import { pageLimit } from '../query-values.ts';
import { rawRecordJson } from '../record-json.ts';
import { route } from '../web-route.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 30_000;

const sequenceNumber = z.string().refine(isSequenceNumberText, 'not a sequence number');

export const shardRecordRoutes = [
  route({
    method: 'get',
    path: '/api/data-streams/:name/shards/:shard/records',
    query: z.object({
      after: z.union([z.enum(['TRIM_HORIZON', 'LATEST']), sequenceNumber]).optional(),
      at: sequenceNumber.optional(),
      limit: pageLimit,
      waitMs: z
        .string()
        .regex(/^\d{1,9}$/, 'a whole number is needed')
        .transform(Number)
        .pipe(z.number().max(MAX_WAIT_MS))
        .default(0),
    }),
    handle: async (call) => {
      const { name } = viewedStream(call);
      const { records, now } = call.web;
      const { after, at, limit, waitMs } = call.query;
      const starting = startingOf(after, at);
      const position = await records.position(name, call.param('shard'), starting, call.nowMs);
      const limits = { maxRecords: limit, maxBytes: MAX_BYTES };
      let read = await records.read(name, position, limits, call.nowMs);
      if (read.records.length === 0 && !read.isAtEnd && waitMs > 0) {
        await waitForMore(call, name, read.next, waitMs);
        read = await records.read(name, read.next, limits, now());
      }
      return {
        records: read.records.map(rawRecordJson),
        // To go on from, also when there were no records.
        after: read.continuationSequenceNumber,
        isAtEnd: read.isAtEnd,
        behindMs: read.behindLatestMs,
        children: read.children.map(({ id }) => id),
      };
    },
  }),
];

function startingOf(after: string | undefined, at: string | undefined): StartingPosition {
  if (at !== undefined) {
    if (after !== undefined) throw new ApiError(400, 'invalid-request', 'after, at: give one of the two');
    return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: at };
  }
  if (after === undefined || after === 'TRIM_HORIZON') return { type: 'TRIM_HORIZON' };
  if (after === 'LATEST') return { type: 'LATEST' };
  return { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: after };
}

/** Holds the answer back until there are records, for as long as the client said, stays, and the server is not closing. */
async function waitForMore(call: Call, name: string, position: ShardPosition, waitMs: number): Promise<void> {
  const { records, longPolls, closing } = call.web;
  if (!longPolls.enter()) {
    longPolls.countDropped();
    throw new ApiError(503, 'too-many-followers', 'Too many clients wait for records.', {
      'retry-after': '5',
    });
  }
  const over = new AbortController();
  const end = () => over.abort();
  const timer = setTimeout(end, waitMs);
  closing?.addEventListener('abort', end);
  call.response.on('close', end);
  try {
    if (closing?.aborted) return;
    await records.waitForMore(name, position, over.signal);
  } finally {
    clearTimeout(timer);
    closing?.removeEventListener('abort', end);
    longPolls.leave();
  }
}
