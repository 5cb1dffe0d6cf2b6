import type { ByteBudget } from '../../../fragments/log/byte-budget.ts';
import type { ByteStore } from '../../../fragments/log/byte-store.ts';
import type { LogWriteError } from '../../../fragments/log/log-error.ts';
import type { LruCache } from '../../../fragments/log/lru-cache.ts';
import type { OpenFiles } from '../../../fragments/log/open-files.ts';
import type { SyncGroup } from '../../../fragments/log/sync-group.ts';
import type { RecordFileLimits } from './record-framing.ts';
import type { RecordIndex } from './record-index.ts';

/** Something the operator should read. `file` is relative to the data directory. */
export type RecordLogEvent =
  | {
      readonly type: 'torn-tail';
      readonly file: string;
      readonly startBytes: number;
      readonly endBytes: number;
    }
  /** A record in the middle fails its checksum: readers go on behind it. */
  | { readonly type: 'damaged'; readonly file: string; readonly atBytes: number }
  | { readonly type: 'abandoned'; readonly file: string; readonly keptBytes: number; readonly reason: string }
  | {
      readonly type: 'index-failed' | 'rebuilt' | 'close-failed';
      readonly file: string;
      readonly reason: string;
    }
  | { readonly type: 'deleted'; readonly file: string };

/** What one shard's log is given by the store that opens it. */
export interface RecordLogOptions {
  readonly directory: string;
  readonly store: ByteStore;
  readonly openFiles: OpenFiles;
  readonly indexCache: LruCache<RecordIndex>;
  readonly syncGroup: SyncGroup;
  /** How long a record may wait for its sync. */
  readonly syncWithinMs: number;
  readonly backlogBytes: number;
  readonly sharedBacklog: ByteBudget;
  readonly limits: RecordFileLimits;
  readonly onDiskFull: () => Promise<number>;
  readonly onWriteError: (error: LogWriteError) => void;
  readonly onEvent: (event: RecordLogEvent) => void;
}
