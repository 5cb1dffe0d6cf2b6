import type { ByteStore } from '../log/byte-store.ts';
import type { Clock } from '../log/clock.ts';
import type { RetentionLimits } from '../log/retention.ts';
import type { SyncPolicy } from '../log/sync-group.ts';

/** Something the operator should read: a log line, a metric, an event. */
export type LogEvent =
  /** A file was cut at its last good byte on opening (a crash), or bytes in its middle fail their checksum. */
  | {
      readonly type: 'torn-tail' | 'damaged';
      readonly stream: string;
      readonly file: string;
      readonly startBytes: number;
      readonly endBytes: number;
      readonly reason: string;
    }
  /** Index or manifest did not match the files and was made anew. */
  | { readonly type: 'rebuilt'; readonly stream: string; readonly file: string; readonly reason: string }
  /** A file was given up after a failed write or sync; media after `keptBytes` is not counted on. */
  | {
      readonly type: 'abandoned';
      readonly stream: string;
      readonly file: string;
      readonly keptBytes: number;
      readonly reason: string;
    }
  /** An index or manifest could not be written: media is safe, the next opening is slower. */
  | { readonly type: 'index-failed'; readonly stream: string; readonly file: string; readonly reason: string }
  /** Retention deleted a file. */
  | {
      readonly type: 'deleted';
      readonly stream: string;
      readonly file: string;
      readonly sizeBytes: number;
      readonly reason: 'age' | 'stream-bytes' | 'disk-reserve' | 'disk-full' | 'asked';
    }
  /** A sealed file lies in the warm directory now. */
  | { readonly type: 'moved'; readonly stream: string; readonly file: string; readonly sizeBytes: number }
  /** Files could not be moved to the warm directory; they stay where they are, and are tried again. */
  | { readonly type: 'move-failed'; readonly stream: string; readonly reason: string }
  /** Retention could not do its work. */
  | { readonly type: 'retention-failed'; readonly stream: string; readonly reason: string };

/** Settings of a LogStore, with their defaults. */
export interface LogStoreOptions {
  /** The data directory; streams lie in `<directory>/streams/<stream>/`. */
  readonly directory: string;
  readonly clock?: Clock;
  /** Instead of the local disk at `directory`. */
  readonly store?: ByteStore;
  /** Default `interval`. */
  readonly syncPolicy?: SyncPolicy;
  /** 100-1000; default 200. */
  readonly syncIntervalMs?: number;
  /** A new file is begun after this much server time; default 15 min. */
  readonly fileMaxMs?: number;
  /** ... or this many bytes; default 512 MiB. */
  readonly fileMaxBytes?: number;
  /** Media of one stream that waits for the disk in memory; default 64 MiB. */
  readonly streamBacklogBytes?: number;
  /** The same for all streams together; default 1 GiB. */
  readonly totalBacklogBytes?: number;
  /** Free space kept on the disk by deleting the oldest files of all streams; default 1 GiB, at most a tenth of the disk. */
  readonly reserveBytes?: number;
  /** How often retention looks; default 5 s. */
  readonly retentionIntervalMs?: number;
  /** What each stream keeps; asked anew in each round. Default: everything until space is needed. */
  readonly retentionOf?: (stream: string) => RetentionLimits;
  /** Files open for reading at most, apart from those in use; default 256. */
  readonly openFiles?: number;
  /** Memory for indexes of sealed files, of about 40 KB each; default 4 MiB. */
  readonly indexCacheBytes?: number;
  readonly onEvent?: (event: LogEvent) => void;
  /** A second directory, for the sealed files of warm streams; none: they stay where they are. */
  readonly warmDirectory?: string;
  /** Instead of the local disk at `warmDirectory`. */
  readonly warmStore?: ByteStore;
  /** Are the stream's sealed files to lie in the warm directory? Asked anew all the time. Default: none. */
  readonly isWarm?: (stream: string) => boolean;
}

/** How one stream is opened. */
export interface OpenLogOptions {
  /** Asked before each write; `false` once the lease is lost: appends then reject with `fenced`. */
  readonly mayWrite?: () => boolean;
}

/** Counters for metrics. */
export interface LogStoreStats {
  readonly syncRounds: number;
  readonly lastSyncRoundMs: number;
  readonly dirtyFiles: number;
  /** Media in memory that waits for the disk. */
  readonly backlogBytes: number;
  /** Appends refused because a backlog was full. */
  readonly backlogRefusals: number;
  readonly writeFailures: number;
  readonly openFiles: number;
  readonly openStreams: number;
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Deleted, and still on the disk because somebody reads them. */
  readonly heldBytes: number;
  readonly damagedRanges: number;
  /** To the warm directory. */
  readonly movedFiles: number;
  readonly movedBytes: number;
  readonly moveFailures: number;
}
