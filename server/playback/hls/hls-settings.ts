/** How playback is held and bounded. */
export interface HlsSettings {
  /** A live playlist reaches back at least this far, and at least five target durations. */
  readonly liveWindowMs: number;
  /** How long the first viewers of a camera that just began wait for its first fragment. */
  readonly firstFragmentWaitMs: number;
  /** Requests of one stream that may wait at once; more get a 503. */
  readonly maxWaiting: number;
  /** Bytes of one stream held in memory for viewers beyond what the live window holds. */
  readonly maxHeldBytes: number;
  /** Segments in one archive or DVR playlist; a longer range is refused. */
  readonly maxSegments: number;
  /** Bytes of rendered archive and DVR playlists kept, over all streams. */
  readonly maxRangeBytes: number;
  /** What is kept of a stream or a playlist for its viewers is let go when none came for this long. */
  readonly idleMs: number;
  /** For this long a token or cookie that was recognized is not checked again. */
  readonly recognitionMs: number;
}

export const DEFAULT_HLS_SETTINGS: HlsSettings = {
  liveWindowMs: 30_000,
  firstFragmentWaitMs: 10_000,
  maxWaiting: 5000,
  maxHeldBytes: 64 * 1024 * 1024,
  maxSegments: 50_000,
  maxRangeBytes: 64 * 1024 * 1024,
  idleMs: 60_000,
  recognitionMs: 5000,
};
