import { ConsumedFragments } from '../consumed-fragments.ts';
import type { SessionFacts } from './session-facts.ts';

/** The calls of playback sessions, named as the service counts them (kvs.md §8). */
export type SessionApi =
  | 'GetHLSMasterPlaylist'
  | 'GetHLSMediaPlaylist'
  | 'GetDASHManifest'
  | 'GetMP4InitFragment'
  | 'GetMP4MediaFragment'
  | 'GetTSFragment';

/** What playback sessions have counted since the start; read by the metrics. */
export interface SessionCounters {
  /** Sessions made, by protocol. */
  readonly created: Record<'hls' | 'dash', number>;
  readonly answered: Record<SessionApi, number>;
  /** How long these took in all, ms. */
  readonly answeredMs: Record<SessionApi, number>;
  /** Shared with the other consumers of archived media. */
  readonly consumed: ConsumedFragments;
  /** Refusals, by their code. */
  readonly refused: Record<string, number>;
  /** TS segments that were muxed, and those taken from the cache. */
  tsMuxed: number;
  tsCached: number;
}

export function newSessionCounters(consumed = new ConsumedFragments()): SessionCounters {
  const byApi = () => ({
    GetHLSMasterPlaylist: 0,
    GetHLSMediaPlaylist: 0,
    GetDASHManifest: 0,
    GetMP4InitFragment: 0,
    GetMP4MediaFragment: 0,
    GetTSFragment: 0,
  });
  return {
    created: { hls: 0, dash: 0 },
    answered: byApi(),
    answeredMs: byApi(),
    consumed,
    refused: {},
    tsMuxed: 0,
    tsCached: 0,
  };
}

/** Counts a call that was answered. */
export function countAnswer(
  counters: SessionCounters,
  api: SessionApi,
  { stream, maxFragments }: Pick<SessionFacts, 'stream' | 'maxFragments'>,
  tookMs: number,
): void {
  counters.answered[api] += 1;
  counters.answeredMs[api] += Math.max(0, tookMs);
  if (api === 'GetHLSMediaPlaylist' || api === 'GetDASHManifest') {
    counters.consumed.of(stream).metadata += maxFragments;
  } else if (api === 'GetMP4MediaFragment' || api === 'GetTSFragment') {
    counters.consumed.of(stream).media += 1;
  }
}
