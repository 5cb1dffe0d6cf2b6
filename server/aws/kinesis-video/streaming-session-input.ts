import type { SessionRequest } from '../../playback/session/session-facts.ts';
import { AwsError } from '../aws-call.ts';
import type { StreamReference } from './video-resources.ts';

/** A selector of HLS or DASH; the model has checked types and limits. */
export interface SessionSelector {
  readonly FragmentSelectorType?: 'PRODUCER_TIMESTAMP' | 'SERVER_TIMESTAMP';
  readonly TimestampRange?: { readonly StartTimestamp?: number; readonly EndTimestamp?: number };
}

interface SessionInput extends StreamReference {
  readonly PlaybackMode?: SessionRequest['mode'];
  readonly DisplayFragmentTimestamp?: 'ALWAYS' | 'NEVER';
  readonly Expires?: number;
}

export interface HlsSessionInput extends SessionInput {
  readonly HLSFragmentSelector?: SessionSelector;
  readonly ContainerFormat?: 'FRAGMENTED_MP4' | 'MPEG_TS';
  readonly DiscontinuityMode?: SessionRequest['discontinuity'];
  readonly MaxMediaPlaylistFragmentResults?: number;
}

export interface DashSessionInput extends SessionInput {
  readonly DASHFragmentSelector?: SessionSelector;
  readonly DisplayFragmentNumber?: 'ALWAYS' | 'NEVER';
  readonly MaxManifestFragmentResults?: number;
}

const DEFAULT_EXPIRES_S = 300;
const DEFAULT_RESULTS = { LIVE: 5, LIVE_REPLAY: 5, ON_DEMAND: 1000 } as const;
const DAY_MS = 86_400_000;

/** What GetHLSStreamingSessionURL asks for (kvs.md §4.3). Throws AwsError `InvalidArgumentException`. */
export function hlsRequest(input: HlsSessionInput, nowMs: number): SessionRequest {
  const common = commonOf(input, 'HLSFragmentSelector', input.HLSFragmentSelector, nowMs);
  return {
    ...common,
    protocol: 'hls',
    container: input.ContainerFormat === 'MPEG_TS' ? 'ts' : 'mp4',
    discontinuity: input.DiscontinuityMode ?? (common.clock === 'server' ? 'ALWAYS' : 'NEVER'),
    showNumbers: false,
    maxFragments: input.MaxMediaPlaylistFragmentResults ?? DEFAULT_RESULTS[common.mode],
  };
}

/** What GetDASHStreamingSessionURL asks for (kvs.md §4.4). Throws AwsError `InvalidArgumentException`. */
export function dashRequest(input: DashSessionInput, nowMs: number): SessionRequest {
  const common = commonOf(input, 'DASHFragmentSelector', input.DASHFragmentSelector, nowMs);
  return {
    ...common,
    protocol: 'dash',
    container: 'mp4',
    discontinuity: 'NEVER',
    showNumbers: input.DisplayFragmentNumber === 'ALWAYS',
    maxFragments: input.MaxManifestFragmentResults ?? DEFAULT_RESULTS[common.mode],
  };
}

function commonOf(
  input: SessionInput,
  selectorName: string,
  selector: SessionSelector | undefined,
  nowMs: number,
) {
  const mode = input.PlaybackMode ?? 'LIVE';
  const clock = selector?.FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  return {
    mode,
    clock,
    ...rangeOf(mode, clock, `${selectorName}.TimestampRange`, selector?.TimestampRange, nowMs),
    showTimestamps: input.DisplayFragmentTimestamp === 'ALWAYS',
    expiresS: input.Expires ?? DEFAULT_EXPIRES_S,
  } as const;
}

/** "Must be absent for LIVE; Start needed for the others; End needed for ON_DEMAND" (kvs.md §4.3). */
function rangeOf(
  mode: SessionRequest['mode'],
  clock: SessionRequest['clock'],
  name: string,
  range: SessionSelector['TimestampRange'],
  nowMs: number,
): Pick<SessionRequest, 'startMs' | 'endMs'> {
  const { StartTimestamp: startMs, EndTimestamp: endMs } = range ?? {};
  if (mode === 'LIVE') {
    if (range === undefined) return {};
    throw invalid(`${name} must not be given when PlaybackMode is LIVE.`);
  }
  if (startMs === undefined) {
    throw invalid(`${name}.StartTimestamp is required when PlaybackMode is ${mode}.`);
  }
  if (endMs === undefined) {
    if (mode === 'LIVE_REPLAY') return { startMs };
    throw invalid(`${name}.EndTimestamp is required when PlaybackMode is ON_DEMAND.`);
  }
  if (endMs <= startMs) throw invalid(`${name}.EndTimestamp must be later than its StartTimestamp.`);
  if (endMs - startMs > DAY_MS) {
    throw invalid(`${name}.EndTimestamp must be within 24 hours of its StartTimestamp.`);
  }
  if (clock === 'server' && endMs > nowMs) {
    throw invalid(`${name}.EndTimestamp must be in the past when selecting by SERVER_TIMESTAMP.`);
  }
  return { startMs, endMs };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
