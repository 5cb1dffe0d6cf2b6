/** What playback has counted since the start; read by the metrics. */
export interface HlsCounters {
  playlists: number;
  parts: number;
  /** Segments served from memory, and from the log's files. */
  hotSegments: number;
  coldSegments: number;
  inits: number;
  /** Playlist and part requests that had to wait, and those that waited too long (503). */
  waits: number;
  overdue: number;
  /** Answers that were refusals, by their code. */
  readonly refused: Record<string, number>;
}

export function newHlsCounters(): HlsCounters {
  return {
    playlists: 0,
    parts: 0,
    hotSegments: 0,
    coldSegments: 0,
    inits: 0,
    waits: 0,
    overdue: 0,
    refused: {},
  };
}
