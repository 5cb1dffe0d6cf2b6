/**
 * What is known of a fragment without reading its media. The same facts stand in the `uuid` box on disk, in the
 * index row, and in every API; nothing else is needed to list, find or play a fragment.
 */
export interface FragmentInfo {
  /** 47 digits; see fragment-number.ts. */
  readonly number: string;
  /**
   * Position in the stream since its creation, counted by one without holes from 0: the HLS media sequence number.
   * Kept in the file, so that it survives deletion of older fragments and a rebuild of the index.
   */
  readonly ordinal: number;
  /** Number of the run (design.md §1), growing by one at each discontinuity: the HLS discontinuity sequence. */
  readonly run: number;
  /** First fragment of its run. A run also begins where the decoder configuration changes. */
  readonly startsRun: boolean;
  /** Media that should have come just before was lost (disk stall, disk full). */
  readonly gapBefore: boolean;
  /** Starts with a sync sample of its lead track: a player can join here. */
  readonly independent: boolean;
  /** When its first byte reached us, epoch ms. Retention and order count this time only. */
  readonly serverMs: number;
  /** When it happened by the producer's clock, epoch ms (may be fractional); the server's where the producer gave none. */
  readonly producerMs: number;
  /** Which init segment its samples need: 16 lower-case hex digits derived from the init segment's bytes. */
  readonly initId: string;
  /** The lead track (video, or else the first audio) tells the fragment's time: its timescale, ... */
  readonly timescale: number;
  /** ... the decode time of its first sample ... */
  readonly startTicks: number;
  /** ... and the sum of its sample durations. EXTINF = durationTicks / timescale. */
  readonly durationTicks: number;
  /** Bytes of the media segment: all its chunks as one contiguous piece (`prft moof mdat`, then `uuid prft moof mdat`...). */
  readonly sizeBytes: number;
}

/** A name and a value that the producer attached to a fragment. */
export interface FragmentTag {
  readonly name: string;
  readonly value: string;
}

/** The shortest duration and start in milliseconds, for lists and time lines. */
export function fragmentDurationMs(info: FragmentInfo): number {
  return (info.durationTicks * 1000) / info.timescale;
}
