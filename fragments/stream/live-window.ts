import type { Sample, Track } from '../media/track.ts';
import type { FragmentInfo, FragmentTag } from './fragment.ts';
import type { InitSegment } from './fragment-log.ts';

/**
 * The live window: the last few fragments of a stream and the parts of the one being received, in bounded memory,
 * rendered once and shared by all viewers (design.md §5). Readers hold a position in it; nothing is queued for them.
 */

/** A live-only slice of a fragment: the LL-HLS partial segment. */
export interface LivePart {
  readonly index: number;
  readonly durationTicks: number;
  readonly independent: boolean;
  /** `prft moof mdat` by reference. */
  readonly buffers: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** A fragment in memory. Grows until `isComplete`; readers may hold it after it left the window. */
export interface LiveFragment {
  /** While incomplete: duration and size (of the samples alone) count the finished parts. */
  readonly info: FragmentInfo;
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
  readonly parts: readonly LivePart[];
  /** All samples so far in decode order over all tracks; append-only, so that an index is a reader's position. */
  readonly samples: readonly Sample[];
  readonly isComplete: boolean;
  /** What the producer attached to it so far, in the order of arrival. */
  readonly tags: readonly FragmentTag[];
  /**
   * The whole media segment, by reference, once complete: the bytes that go to the log file, but for a `free` box where that
   * has Framelog's `uuid` box between two chunks. Same size, same places.
   */
  readonly segment: readonly Uint8Array[];
}

/** What a window tells its listeners. `sample`: the current fragment has new samples; `part`, `fragment`: one was finished. */
export type LiveChange = 'sample' | 'part' | 'fragment' | 'ended';

/** Read side of the live window of one stream. */
export interface LiveWindowReader {
  /** Completed fragments, oldest first, then the one being received when there is one. */
  readonly fragments: readonly LiveFragment[];
  /** The fragment being received, `undefined` between sessions. */
  readonly current: LiveFragment | undefined;
  /** Ordinal the next fragment will get: the media sequence a blocking reload may name next. */
  readonly nextOrdinal: number;
  /** Grows with each finished part or fragment and at the end: the version of a rendered playlist. */
  readonly version: number;
  /** Part target in ms as set (200-1000), fixed for the life of the stream's writer. */
  readonly partTargetMs: number;
  /**
   * The part target that the parts keep to: the setting, or the least above it that whole frames can fill to 85 %.
   * Changes when a session begins and when the frame rate changes. A single frame that lasts longer is a part of its own.
   */
  readonly effectivePartTargetMs: number;
  /** A producer is publishing. */
  readonly isLive: boolean;
  byOrdinal(ordinal: number): LiveFragment | undefined;
  /** Calls back after each change until the returned function is called. Callbacks are synchronous: do little. */
  listen(listener: (change: LiveChange) => void): () => void;
}
