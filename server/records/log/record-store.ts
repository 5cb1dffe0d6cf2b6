import { ByteBudget } from '../../../fragments/log/byte-budget.ts';
import type { ByteStore } from '../../../fragments/log/byte-store.ts';
import { type Clock, systemClock } from '../../../fragments/log/clock.ts';
import { LogReadError } from '../../../fragments/log/log-error.ts';
import { LruCache } from '../../../fragments/log/lru-cache.ts';
import { OpenFiles } from '../../../fragments/log/open-files.ts';
import type { SyncGroup } from '../../../fragments/log/sync-group.ts';
import type { RecordIndex } from './record-index.ts';
import { RecordLog } from './record-log.ts';
import type { RecordLogEvent } from './record-log-options.ts';

const MIB = 1024 * 1024;
const ROOT = 'records';

export interface RecordStoreOptions {
  readonly store: ByteStore;
  /** Shared with the video logs of the same disk. */
  readonly syncGroup: SyncGroup;
  readonly clock?: Clock;
  /** How long a record may wait for its sync; default 2 ms. */
  readonly syncWithinMs?: number;
  /** Records of one shard that wait for the disk in memory; default 32 MiB. */
  readonly shardBacklogBytes?: number;
  /** The same for all shards together; default 256 MiB. */
  readonly totalBacklogBytes?: number;
  /** A new file is begun after so many bytes; default 64 MiB. */
  readonly fileMaxBytes?: number;
  /** ... or after this time; default 1 h. */
  readonly fileMaxMs?: number;
  /** Files open for reading at most, apart from those in use; default 256. */
  readonly openFiles?: number;
  /** Memory for indexes of finished files; default 4 MiB. */
  readonly indexCacheBytes?: number;
  /** The disk is full: frees space, answers how many bytes. Default: nothing can be freed. */
  readonly onDiskFull?: () => Promise<number>;
  readonly onEvent?: (event: RecordLogEvent) => void;
}

/** Counters for metrics. */
export interface RecordStoreStats {
  readonly openShards: number;
  readonly openFiles: number;
  /** Records in memory that wait for the disk. */
  readonly backlogBytes: number;
  readonly backlogRefusals: number;
  readonly writeFailures: number;
  readonly damagedRecords: number;
}

/** The logs of all shards under `records/<stream>/<shard>` of the data directory. */
export class RecordStore {
  readonly #options: RecordStoreOptions;
  readonly #clock: Clock;
  readonly #sharedBacklog: ByteBudget;
  readonly #openFiles: OpenFiles;
  readonly #indexCache: LruCache<RecordIndex>;
  readonly #logs = new Map<string, Promise<RecordLog>>();
  #isClosed = false;
  #backlogRefusals = 0;
  #writeFailures = 0;
  #damagedRecords = 0;

  constructor(options: RecordStoreOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sharedBacklog = new ByteBudget(options.totalBacklogBytes ?? 256 * MIB);
    this.#openFiles = new OpenFiles(options.store, options.openFiles ?? 256, (path, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      options.onEvent?.({ type: 'close-failed', file: path, reason });
    });
    this.#indexCache = new LruCache(options.indexCacheBytes ?? 4 * MIB, (index) => index.sizeBytes);
  }

  /**
   * Opens a shard's log, once: later calls answer the same object. `stream` is a folder name that the caller has made
   * unique (a stream that is made again is another one). Throws StoreError, LogReadError.
   */
  open(stream: string, shard: string): Promise<RecordLog> {
    if (this.#isClosed) return Promise.reject(new LogReadError('io-error', 'the record store is closed'));
    const directory = directoryOf(stream, shard);
    let opening = this.#logs.get(directory);
    if (opening === undefined) {
      opening = this.#open(directory);
      this.#logs.set(directory, opening);
      opening.catch(() => this.#logs.delete(directory));
    }
    return opening;
  }

  async #open(directory: string): Promise<RecordLog> {
    const { store, syncGroup, syncWithinMs, shardBacklogBytes, fileMaxBytes, fileMaxMs } = this.#options;
    await store.makeDirectory(directory);
    return RecordLog.open({
      directory,
      store,
      openFiles: this.#openFiles,
      indexCache: this.#indexCache,
      syncGroup,
      syncWithinMs: syncWithinMs ?? 2,
      backlogBytes: shardBacklogBytes ?? 32 * MIB,
      sharedBacklog: this.#sharedBacklog,
      limits: { maxBytes: fileMaxBytes ?? 64 * MIB, maxMs: fileMaxMs ?? 3_600_000 },
      onDiskFull: this.#options.onDiskFull ?? (() => Promise.resolve(0)),
      onWriteError: ({ code }) => {
        if (code === 'backlog-full') this.#backlogRefusals++;
        else if (code !== 'closed') this.#writeFailures++;
      },
      onEvent: (event) => {
        if (event.type === 'damaged') this.#damagedRecords++;
        this.#options.onEvent?.(event);
      },
    });
  }

  /** Closes a shard's log and deletes its records. */
  async deleteShard(stream: string, shard: string): Promise<void> {
    const directory = directoryOf(stream, shard);
    await this.#close(directory);
    await this.#options.store.removeDirectory(directory);
  }

  /** Closes a stream's logs and deletes all its records. */
  async deleteStream(stream: string): Promise<void> {
    const root = `${ROOT}/${stream}`;
    const directories = [...this.#logs.keys()].filter((directory) => directory.startsWith(`${root}/`));
    await Promise.all(directories.map((directory) => this.#close(directory)));
    await this.#options.store.removeDirectory(root);
  }

  /** Folder names of the streams that have records on disk. */
  listStreams(): Promise<string[]> {
    return this.#options.store.list(ROOT);
  }

  /** Deletes what a shard need not keep: files of records that arrived before `keepFromMs`. Throws StoreError. */
  async expire(stream: string, shard: string, keepFromMs: number): Promise<void> {
    const log = await this.open(stream, shard);
    await log.sealIfDue(this.#clock.nowMs());
    await log.deleteBefore(keepFromMs);
  }

  async #close(directory: string): Promise<void> {
    const opening = this.#logs.get(directory);
    this.#logs.delete(directory);
    // A log that could not be opened is as good as closed.
    const [opened] = await Promise.allSettled([opening]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  stats(): RecordStoreStats {
    return {
      openShards: this.#logs.size,
      openFiles: this.#openFiles.openCount,
      backlogBytes: this.#sharedBacklog.usedBytes,
      backlogRefusals: this.#backlogRefusals,
      writeFailures: this.#writeFailures,
      damagedRecords: this.#damagedRecords,
    };
  }

  /** Finishes, syncs and closes all logs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#logs.keys()].map((directory) => this.#close(directory)));
    await this.#openFiles.close();
  }
}

function directoryOf(stream: string, shard: string): string {
  return `${ROOT}/${stream}/${shard}`;
}
