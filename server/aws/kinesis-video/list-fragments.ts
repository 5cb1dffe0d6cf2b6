import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { ReadSource } from '../../../fragments/stream/stream-reader.ts';
import type { ConsumedFragments } from '../../playback/consumed-fragments.ts';
import { firstRetainedOrdinal } from '../../playback/matroska/start-position.ts';
import type { FragmentRange } from '../../playback/session/fragment-selection.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { type FragmentPage, pageToken, readPageToken } from './fragment-page-token.ts';
import { archivedFromMs } from './retention-window.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

interface ListFragmentsInput extends StreamReference {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly FragmentSelector?: {
    readonly FragmentSelectorType: 'PRODUCER_TIMESTAMP' | 'SERVER_TIMESTAMP';
    readonly TimestampRange: { readonly StartTimestamp: number; readonly EndTimestamp: number };
  };
}

const DEFAULT_RESULTS = 100;

/** ListFragments (kvs.md §4.1): fragments by their start, in order of arrival, those not on disk yet included. */
export function listFragments(resources: VideoResources, consumed: ConsumedFragments): OperationTable {
  return {
    handlers: {
      ListFragments: async (call: AwsCall<ListFragmentsInput>): Promise<AwsOutput> => {
        const { input, principal, nowMs } = call;
        const { video, stream } = await resources.open(input, 'view', principal);
        const page = pageOf(input, video.arn);
        const retainedFromMs = archivedFromMs(video, nowMs);
        if (page.toMs < retainedFromMs) {
          throw invalid(`End timestamp ${page.toMs} is outside of the stream retention period.`);
        }
        if (video.retentionHours === 0) return { Fragments: [] };
        const oldest = await firstRetainedOrdinal(stream.log, retainedFromMs);
        const limit = input.MaxResults ?? DEFAULT_RESULTS;
        const from = { ...page, ordinal: Math.max(page.ordinal, oldest) };
        const found = await fragmentsStarting(stream, from, limit + 1);
        consumed.of(video.name).metadata += limit;
        const shown = found.slice(0, limit);
        const next = found[limit];
        return {
          Fragments: shown.map(describe),
          ...(next === undefined
            ? {}
            : { NextToken: pageToken({ ...page, ordinal: next.ordinal }, video.arn) }),
        };
      },
    },
  };
}

/**
 * Up to `limit` complete fragments that begin in the range, from an ordinal on: those of the log, and those of the live
 * window that are on their way to it. Throws LogReadError.
 */
export async function fragmentsStarting(
  { log, window }: ReadSource,
  { clock, fromMs, toMs, ordinal }: FragmentPage,
  limit: number,
): Promise<FragmentInfo[]> {
  // Both as they are now: a fragment that gets from the window to the log meanwhile is in one of them at least.
  const recent = window.fragments.filter(({ isComplete }) => isComplete).map(({ info }) => info);
  const unfinished = window.current?.info.ordinal;
  const isWanted = (info: FragmentInfo) => {
    const startMs = Math.round(clock === 'server' ? info.serverMs : info.producerMs);
    return startMs >= fromMs && startMs <= toMs && info.ordinal !== unfinished;
  };
  // Clients know whole milliseconds only: half of one more on both sides, and then by what they were told.
  const around = { fromMs: fromMs - 0.5, toMs: toMs + 0.5 };
  const found: FragmentInfo[] = [];
  let next = ordinal;
  for (;;) {
    const wanted = limit - found.length;
    const stored = await log.startingIn(clock, around, next, wanted);
    found.push(...stored.filter(isWanted));
    next = (stored.at(-1)?.ordinal ?? next - 1) + 1;
    if (found.length === limit) return found;
    if (stored.length < wanted) break;
  }
  found.push(...recent.filter((info) => info.ordinal >= next && isWanted(info)));
  return found.slice(0, limit);
}

function pageOf({ NextToken, FragmentSelector }: ListFragmentsInput, arn: string): FragmentPage {
  if (NextToken !== undefined) {
    const page = readPageToken(NextToken, arn);
    if (page === undefined) throw invalid('NextToken is not one that this stream was listed with.');
    return page;
  }
  if (FragmentSelector === undefined) throw invalid('FragmentSelector is required without NextToken.');
  const { FragmentSelectorType, TimestampRange } = FragmentSelector;
  const range: FragmentRange = {
    clock: FragmentSelectorType === 'SERVER_TIMESTAMP' ? 'server' : 'producer',
    fromMs: Math.round(TimestampRange.StartTimestamp),
    toMs: Math.round(TimestampRange.EndTimestamp),
  };
  if (range.fromMs > range.toMs) throw invalid('StartTimestamp is later than EndTimestamp.');
  return { ...range, ordinal: 0 };
}

function describe(info: FragmentInfo): AwsOutput {
  return {
    FragmentNumber: info.number,
    FragmentSizeInBytes: info.sizeBytes,
    ProducerTimestamp: Math.round(info.producerMs),
    ServerTimestamp: info.serverMs,
    FragmentLengthInMilliseconds: Math.round(fragmentDurationMs(info)),
  };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
