/** How a stream is cut, held and timed. One object for all streams of a server; see docs and config for the outer names. */
export interface StreamSettings {
  /** Key frames nearer to the start of their fragment do not end it. */
  readonly minFragmentMs: number;
  /** A fragment is cut at this length at the latest, key frame or not. */
  readonly maxFragmentMs: number;
  /** A fragment is cut before it would pass this size, key frame or not. */
  readonly maxFragmentBytes: number;
  /** Length of fragments without video. */
  readonly audioFragmentMs: number;
  /** How long a new session waits for its first key frame before it goes on without one. */
  readonly keyFrameWaitMs: number;
  /** A chunk goes to the log at the part boundary after this much of a fragment... */
  readonly chunkMs: number;
  /** ... or after this many bytes of it. */
  readonly chunkBytes: number;
  /** LL-HLS part target, 200 to 1000. */
  readonly partTargetMs: number;
  /** A step forward in time of more than this begins a new run. */
  readonly forwardJumpMs: number;
  /** A step back in time of up to this is evened out, a longer one begins a new run. */
  readonly backwardToleranceMs: number;
  /** How long one track's samples wait for another track's. */
  readonly interleaveWaitMs: number;
  /** Bytes that may wait so. */
  readonly interleaveBytes: number;
  /** Complete fragments kept in memory, at least (bytes permitting). */
  readonly windowFragments: number;
  /** Bytes of complete fragments kept in memory. */
  readonly windowBytes: number;
}

export const DEFAULT_STREAM_SETTINGS: StreamSettings = {
  minFragmentMs: 500,
  maxFragmentMs: 20_000,
  maxFragmentBytes: 48 * 1024 * 1024,
  audioFragmentMs: 2_000,
  keyFrameWaitMs: 10_000,
  chunkMs: 4_000,
  chunkBytes: 4 * 1024 * 1024,
  partTargetMs: 500,
  forwardJumpMs: 10_000,
  backwardToleranceMs: 500,
  interleaveWaitMs: 1_000,
  interleaveBytes: 16 * 1024 * 1024,
  windowFragments: 6,
  windowBytes: 32 * 1024 * 1024,
};
