import { z } from 'zod';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { ApiError } from '../api-error.ts';
import { ALL_TIME, type Call } from '../call.ts';
import { firstIncompleteOrdinal } from '../complete-fragments.ts';
import { instant } from '../instant.ts';
import { ordinal, pageLimit } from '../query-values.ts';
import { gapsBetween } from '../recorded-gaps.ts';
import { fragmentJson } from '../resources.ts';
import { route } from '../web-route.ts';

/** More stretches than this in one answer help nobody; `nextFromMs` says where to go on. */
const MAX_RANGES = 10_000;

const clock = z.enum(['producer', 'server']).default('producer');

export const recordingRoutes = [
  route({
    method: 'get',
    path: '/api/streams/:name/ranges',
    query: z.object({ from: instant.optional(), to: instant.optional(), clock }),
    handle: async (call) => {
      const { from, clock: by } = call.query;
      const toMs = call.query.to ?? call.nowMs;
      if (from !== undefined && toMs <= from) {
        throw new ApiError(400, 'invalid-request', 'to: must be later than from');
      }
      const name = requireArchive(call, by, from ?? ALL_TIME.fromMs, toMs);
      const open = await call.web.streams.open(name);
      const all = await open.log.ranges(by, from ?? 0, toMs);
      const ranges = all.slice(0, MAX_RANGES);
      const nextFromMs = all[MAX_RANGES]?.startMs ?? null;
      // Before the stream's first fragment nothing is missing.
      const fromMs = from ?? all[0]?.startMs ?? toMs;
      const untilMs = nextFromMs ?? recordedUntilMs(open, toMs, call.nowMs, all.at(-1)?.endMs);
      const gaps = gapsBetween(ranges, fromMs, untilMs);
      return { clock: by, fromMs, toMs, ranges, gaps, nextFromMs };
    },
  }),
  route({
    method: 'get',
    path: '/api/streams/:name/fragments',
    query: z.object({
      from: instant.optional(),
      to: instant.optional(),
      after: ordinal.optional(),
      clock,
      limit: pageLimit,
    }),
    handle: async (call) => {
      const { from, to, after, clock: by, limit } = call.query;
      if (from !== undefined && after !== undefined) {
        throw new ApiError(400, 'invalid-request', 'from, after: give one of the two');
      }
      const toMs = to ?? Number.POSITIVE_INFINITY;
      // A position says nothing of time: reading on from one needs the right to the whole archive.
      const fromMs = after === undefined ? (from ?? ALL_TIME.fromMs) : ALL_TIME.fromMs;
      const name = requireArchive(call, by, fromMs, toMs);
      const { log, window } = await call.web.streams.open(name);
      const incomplete = firstIncompleteOrdinal(window);
      const first = after === undefined ? await firstOrdinal(log, by, from) : after + 1;
      const listed = first === undefined ? [] : await log.list(first, limit);
      const end = listed.findIndex((info) => startOf(info, by) >= toMs || info.ordinal >= incomplete);
      const fragments = (end < 0 ? listed : listed.slice(0, end)).map((info) => fragmentJson(name, info));
      const isLastPage = end >= 0 || listed.length < limit;
      return { fragments, next: isLastPage ? null : (fragments.at(-1)?.ordinal ?? null) };
    },
  }),
];

type Clock = 'producer' | 'server';

/** Rights over archives are in producer time; by the server's clock only a right to all of it can be checked. */
function requireArchive(call: Call, by: Clock, fromMs: number, toMs: number): string {
  const name = call.param('name');
  call.require({ action: 'view', stream: name, of: by === 'producer' ? { fromMs, toMs } : ALL_TIME });
  return name;
}

function startOf(info: FragmentInfo, by: Clock): number {
  return by === 'producer' ? info.producerMs : info.serverMs;
}

async function firstOrdinal(
  log: FragmentLog,
  by: Clock,
  from: number | undefined,
): Promise<number | undefined> {
  if (from === undefined) return log.firstOrdinal;
  const found = await log.find({ by: by === 'producer' ? 'producerMs' : 'serverMs', atMs: from });
  return found?.ordinal;
}

/**
 * Where "missing" ends: nothing is missing of the future, nor of the fragment that a live camera is sending just now.
 */
function recordedUntilMs(
  open: OpenStream,
  toMs: number,
  nowMs: number,
  lastEndMs: number | undefined,
): number {
  const untilMs = Math.min(toMs, nowMs);
  return open.window.isLive && lastEndMs !== undefined ? Math.min(untilMs, lastEndMs) : untilMs;
}
