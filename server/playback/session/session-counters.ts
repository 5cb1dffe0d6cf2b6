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
  /** Refusals, by their code. */
  readonly refused: Record<string, number>;
  /** TS segments that were muxed, and those taken from the cache. */
  tsMuxed: number;
  tsCached: number;
}

export function newSessionCounters(): SessionCounters {
  return {
    created: { hls: 0, dash: 0 },
    answered: {
      GetHLSMasterPlaylist: 0,
      GetHLSMediaPlaylist: 0,
      GetDASHManifest: 0,
      GetMP4InitFragment: 0,
      GetMP4MediaFragment: 0,
      GetTSFragment: 0,
    },
    refused: {},
    tsMuxed: 0,
    tsCached: 0,
  };
}
