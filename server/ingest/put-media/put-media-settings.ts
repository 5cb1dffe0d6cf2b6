/** What a PutMedia session may do. The defaults are AWS's where those are about form, and none where they are about rates. */
export interface PutMediaSettings {
  readonly maxFragmentBytes: number;
  readonly maxFragmentMs: number;
  readonly maxTracks: number;
  /** On one fragment. */
  readonly maxTags: number;
  /** Every declared track has a frame in every fragment, or the session ends. */
  readonly requireAllTracks: boolean;
  /** 0: sessions may last for ever. */
  readonly maxSessionMs: number;
  /** A session is read no faster than this; 0: as fast as it comes. */
  readonly maxBytesPerSecond: number;
  readonly maxFragmentsPerSecond: number;
  /** An IDLE acknowledgement goes out whenever nothing came for this long, ... */
  readonly idleAckMs: number;
  /** ... and the session ends when nothing came for this long. */
  readonly idleEndMs: number;
  /** A step forward in time of more than this begins a new run. */
  readonly jumpMs: number;
  /** A producer is not read from while more than this of its stream waits for the disk. */
  readonly maxPendingBytes: number;
}

export const DEFAULT_PUT_MEDIA_SETTINGS: PutMediaSettings = {
  maxFragmentBytes: 50_000_000,
  maxFragmentMs: 20_000,
  maxTracks: 3,
  maxTags: 10,
  requireAllTracks: true,
  maxSessionMs: 0,
  maxBytesPerSecond: 0,
  maxFragmentsPerSecond: 0,
  idleAckMs: 5000,
  idleEndMs: 30_000,
  jumpMs: 10_000,
  maxPendingBytes: 32 * 1024 * 1024,
};
