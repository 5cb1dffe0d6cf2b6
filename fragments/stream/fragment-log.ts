import type { FragmentInfo, FragmentTag } from './fragment.ts';

export {
  LogReadError,
  type LogReadErrorCode,
  LogWriteError,
  type LogWriteErrorCode,
} from '../log/log-error.ts';

/**
 * The durable side of one video stream: its directory of playable files (design.md §3). One writer, any readers.
 * The embedded implementation is `DiskFragmentLog` in disk-fragment-log.ts.
 */

/** The init segment (`ftyp` + `moov`) of a decoder configuration, and its name. */
export interface InitSegment {
  /** See FragmentInfo.initId. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** One `prft moof mdat` to append. The log puts its own `uuid` box in front. */
export interface ChunkToAppend {
  /**
   * The fragment's facts as known when this chunk ends; duration counts this chunk and those before it. Ordinals and
   * sequences grow; server times do not go back. The log puts in the size as it is on disk.
   */
  readonly fragment: FragmentInfo;
  readonly init: InitSegment;
  /** Lead-track ticks covered by this chunk alone. */
  readonly chunkDurationTicks: number;
  /** 0 for the first chunk of its fragment. */
  readonly chunkIndex: number;
  readonly isLast: boolean;
  /** The producer waits to be told that it is durable: it is synced sooner than the disk's usual round. */
  readonly isAwaited?: boolean;
  /** Tags that arrived since the fragment's previous chunk. */
  readonly tags: readonly FragmentTag[];
  /** The bytes, by reference, in order; written with one `writev`. They stay untouched until the promise settles. */
  readonly buffers: readonly Uint8Array[];
}

/** Where a search starts or ends. Times are epoch ms; `serverMs`/`producerMs` find the fragment that covers the instant, or the first after it. */
export type FragmentSelector =
  | { readonly by: 'ordinal'; readonly ordinal: number }
  | { readonly by: 'number'; readonly number: string }
  | { readonly by: 'serverMs'; readonly atMs: number }
  | { readonly by: 'producerMs'; readonly atMs: number };

/** One stretch of what is recorded, without a break longer than a frame or two. */
export interface RecordedRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly run: number;
  /** Bytes on disk. */
  readonly sizeBytes: number;
  readonly fragments: number;
}

/** The bytes of one stored fragment, readable until closed even when retention deletes its file meanwhile. */
export interface FragmentBytes {
  readonly info: FragmentInfo;
  readonly sizeBytes: number;
  /** Reads `lengthBytes` at `offsetBytes` of the media segment into `target` (from its start); throws LogReadError. */
  read(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void>;
  close(): void;
}

/** What remains of a stream on opening; the writer goes on from here. */
export interface LogEnd {
  /** Ordinal that the next fragment gets. */
  readonly nextOrdinal: number;
  /** Run that the next session gets. */
  readonly nextRun: number;
  /** Highest fragment sequence ever given (see fragment-number.ts), 0 when none. */
  readonly lastSequence: number;
}

export interface FragmentLog {
  /** The stored fragments: `[firstOrdinal, nextOrdinal)`. Equal when empty. */
  readonly firstOrdinal: number;
  readonly end: LogEnd;
  /** Bytes accepted by `append` and not yet durable. */
  readonly pendingBytes: number;
  readonly sizeBytes: number;

  /**
   * Queues a chunk and answers at once; chunks are written in the order of the calls. The promise resolves when the
   * chunk is as durable as the server's policy asks (design.md §3 rule 3) and findable through the index; it
   * rejects with a LogWriteError. An unresolved append never blocks readers or other streams.
   */
  append(chunk: ChunkToAppend): Promise<void>;

  /** The fragment that the selector names or `undefined`. Only fragments whose bytes are written are found. */
  find(selector: FragmentSelector): Promise<FragmentInfo | undefined>;
  /** Up to `limit` fragments from an ordinal on, in order. Ordinals already deleted are passed over. */
  list(fromOrdinal: number, limit: number): Promise<FragmentInfo[]>;
  /**
   * Fragments that start in `[fromMs, toMs]` by a clock, both ends included, in the order in which they were recorded:
   * up to `limit` from an ordinal on. Files that lie outside are passed over unread.
   */
  startingIn(
    clock: 'server' | 'producer',
    range: { readonly fromMs: number; readonly toMs: number },
    fromOrdinal: number,
    limit: number,
  ): Promise<FragmentInfo[]>;
  /** What is recorded in [fromMs, toMs) by server or producer time. Fast over months: reads per-file totals where it can. */
  ranges(clock: 'server' | 'producer', fromMs: number, toMs: number): Promise<RecordedRange[]>;
  /** Opens a fragment's bytes; throws LogReadError `gone` or `not-found`. */
  open(ordinal: number): Promise<FragmentBytes>;
  /** What the producer attached to a fragment, in the order of arrival; throws LogReadError `gone`, `not-found`, `damaged`. */
  tags(ordinal: number): Promise<readonly FragmentTag[]>;
  /** The init segment with this id, or `undefined` when no stored file has it. */
  init(initId: string): Promise<InitSegment | undefined>;

  /** Deletes whole sealed files whose last fragment's server time is before `serverMs`; answers bytes freed. */
  deleteBefore(serverMs: number): Promise<number>;
  /** Deletes the oldest sealed file; answers bytes freed, 0 when only the active file is left. */
  deleteOldest(): Promise<number>;
  /** Finishes queued appends, syncs, seals and closes. */
  close(): Promise<void>;
}
