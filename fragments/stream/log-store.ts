import { createHash } from 'node:crypto';
import { ByteBudget } from '../log/byte-budget.ts';
import type { ByteStore } from '../log/byte-store.ts';
import { type Clock, systemClock } from '../log/clock.ts';
import { LocalByteStore } from '../log/local-byte-store.ts';
import type { LogWriteError } from '../log/log-error.ts';
import { LruCache } from '../log/lru-cache.ts';
import { Manifest } from '../log/manifest.ts';
import { OpenFiles } from '../log/open-files.ts';
import {
  applyLimits,
  freeSpace,
  type IsHere,
  KEEP_ALL,
  missingToReserve,
  type RetentionLimits,
  uncover,
} from '../log/retention.ts';
import { SyncGroup } from '../log/sync-group.ts';
import { TieredByteStore } from '../log/tiered-byte-store.ts';
import { DiskFragmentLog } from './disk-fragment-log.ts';
import { StreamFileLimits } from './file-limits.ts';
import type { FragmentIndex } from './fragment-index.ts';
import type { LogEvent, LogStoreOptions, LogStoreStats, OpenLogOptions } from './log-options.ts';
import { isStreamName, streamDirectory, streamNames } from './stream-directory.ts';
import { WarmMover } from './warm-mover.ts';

const MIB = 1024 * 1024;

/** Streams opened at once by `openAll`. */
const OPEN_AT_ONCE = 8;

const DEFAULTS = {
  syncPolicy: 'interval',
  syncIntervalMs: 200,
  fileMaxMs: 15 * 60_000,
  fileMaxBytes: 512 * MIB,
  streamBacklogBytes: 64 * MIB,
  totalBacklogBytes: 1024 * MIB,
  reserveBytes: 1024 * MIB,
  retentionIntervalMs: 5000,
  openFiles: 256,
  indexCacheBytes: 4 * MIB,
} as const;

/** Why a LogStore refused. */
export class LogStoreError extends Error {
  readonly code: 'invalid-name' | 'closed';

  constructor(code: 'invalid-name' | 'closed', message: string) {
    super(message);
    this.name = 'LogStoreError';
    this.code = code;
  }
}

/** All logs under one data directory: one disk with its syncs, its memory budget, its open files and its retention. */
export class LogStore {
  readonly #options: LogStoreOptions & typeof DEFAULTS;
  readonly #clock: Clock;
  readonly #store: ByteStore;
  /** What `#store` is when there is a warm directory. */
  readonly #tiers: TieredByteStore | undefined;
  readonly #mover: WarmMover | undefined;
  readonly #syncGroup: SyncGroup;
  readonly #sharedBacklog: ByteBudget;
  readonly #openFiles: OpenFiles;
  readonly #indexCache: LruCache<FragmentIndex>;
  readonly #opening = new Map<string, Promise<DiskFragmentLog>>();
  readonly #logs = new Map<string, DiskFragmentLog>();
  readonly #mayWrite = new Map<string, () => boolean>();
  /** Streams that are being closed or deleted: opening waits for that. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Streams that were deleted since retention listed them: it must not make their directories again. */
  readonly #deletedSinceListed = new Set<string>();
  #cancelRetention: (() => void) | undefined;
  #retention: Promise<void> = Promise.resolve();
  #freeing: Promise<number> | undefined;
  #isClosed = false;
  #backlogRefusals = 0;
  #writeFailures = 0;
  #deletedFiles = 0;
  #deletedBytes = 0;
  #damagedRanges = 0;

  constructor(options: LogStoreOptions) {
    this.#options = { ...DEFAULTS, ...options } as LogStoreOptions & typeof DEFAULTS;
    this.#clock = options.clock ?? systemClock;
    const hot = options.store ?? new LocalByteStore(options.directory);
    const warm =
      options.warmStore ??
      (options.warmDirectory === undefined ? undefined : new LocalByteStore(options.warmDirectory));
    this.#tiers = warm === undefined ? undefined : new TieredByteStore(hot, warm);
    this.#store = this.#tiers ?? hot;
    this.#syncGroup = new SyncGroup({
      policy: this.#options.syncPolicy,
      intervalMs: this.#options.syncIntervalMs,
      clock: this.#clock,
    });
    this.#sharedBacklog = new ByteBudget(this.#options.totalBacklogBytes);
    this.#openFiles = new OpenFiles(this.#store, this.#options.openFiles, (path, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#report({ type: 'retention-failed', stream: path, reason });
    });
    this.#indexCache = new LruCache(this.#options.indexCacheBytes, (index) => index.bytes.length);
    if (this.#tiers !== undefined) {
      this.#mover = new WarmMover({
        store: this.#tiers,
        openFiles: this.#openFiles,
        isWarm: (stream) => this.#options.isWarm?.(stream) ?? false,
        onEvent: (event) => this.#report(event),
      });
    }
  }

  /** The disk's syncs, for other logs on it. */
  get syncGroup(): SyncGroup {
    return this.#syncGroup;
  }

  /** Begins retention; before that nothing is deleted, except when a write finds the disk full. */
  start(): void {
    const round = () => {
      this.#retention = this.runRetention().then(() => {
        void this.runMoves();
        if (!this.#isClosed)
          this.#cancelRetention = this.#clock.after(this.#options.retentionIntervalMs, round);
      });
    };
    round();
  }

  /**
   * Opens a stream's log, once: later calls answer the same object, and the newest `mayWrite` counts. Makes its
   * directory when there is none. Throws LogStoreError, StoreError, LogReadError.
   */
  open(stream: string, options: OpenLogOptions = {}): Promise<DiskFragmentLog> {
    if (this.#isClosed) return Promise.reject(new LogStoreError('closed', 'the store is closed'));
    if (!isStreamName(stream)) {
      return Promise.reject(new LogStoreError('invalid-name', `${JSON.stringify(stream)} is no stream name`));
    }
    if (options.mayWrite !== undefined) this.#mayWrite.set(stream, options.mayWrite);
    let opening = this.#opening.get(stream);
    if (opening === undefined) {
      opening = this.#open(stream);
      this.#opening.set(stream, opening);
    }
    return opening;
  }

  async #open(stream: string): Promise<DiskFragmentLog> {
    const directory = streamDirectory(stream);
    try {
      await this.#ending.get(stream);
      const log = await DiskFragmentLog.open({
        stream,
        directory,
        store: this.#store,
        openFiles: this.#openFiles,
        indexCache: this.#indexCache,
        manifest: new Manifest(this.#store, directory),
        onEvent: (event) => this.#report(event),
        onSealed: (name) => this.#mover?.sealed(stream, name),
        syncGroup: this.#syncGroup,
        sharedBacklog: this.#sharedBacklog,
        backlogBytes: this.#options.streamBacklogBytes,
        limits: this.#fileLimits(stream),
        mayWrite: () => this.#mayWrite.get(stream)?.() ?? true,
        onDiskFull: () => this.freeWhenFull(),
        onWriteError: (error) => this.#count(error),
        onClosing: (closed) => {
          this.#opening.delete(stream);
          this.#logs.delete(stream);
          this.#end(
            stream,
            closed.finally(() => this.#mover?.forget(stream)),
          );
        },
      });
      this.#logs.set(stream, log);
      return log;
    } catch (error) {
      this.#opening.delete(stream);
      throw error;
    }
  }

  #fileLimits(stream: string): StreamFileLimits {
    const { fileMaxBytes, fileMaxMs } = this.#options;
    const limits = { maxBytes: fileMaxBytes, maxMs: fileMaxMs, phaseMs: phaseOf(stream, fileMaxMs) };
    return new StreamFileLimits(limits, () => this.#retentionOf(stream));
  }

  #retentionOf(stream: string): RetentionLimits {
    return this.#options.retentionOf?.(stream) ?? KEEP_ALL;
  }

  /** Opens every stream that has a directory; answers those that could not be opened, with their error. */
  async openAll(): Promise<Map<string, unknown>> {
    const failures = new Map<string, unknown>();
    const names = (await this.list()).values();
    const openNext = async (): Promise<void> => {
      for (const name of names) {
        await this.open(name).catch((error: unknown) => failures.set(name, error));
      }
    };
    await Promise.all(Array.from({ length: OPEN_AT_ONCE }, openNext));
    return failures;
  }

  /** Names of the streams that have a directory, sorted. */
  async list(): Promise<string[]> {
    return streamNames(this.#store);
  }

  /** Until `ended` settles, whoever opens the stream waits. */
  #end(stream: string, ended: Promise<void>): void {
    // Failures are told to the caller of close or delete.
    const settled = Promise.allSettled([ended, this.#ending.get(stream)]).then(() => {});
    this.#ending.set(stream, settled);
    void settled.then(() => {
      if (this.#ending.get(stream) === settled) this.#ending.delete(stream);
    });
  }

  /** Closes a stream's log and deletes its directory with all media. */
  delete(stream: string): Promise<void> {
    if (!isStreamName(stream)) {
      return Promise.reject(new LogStoreError('invalid-name', `${JSON.stringify(stream)} is no stream name`));
    }
    const opening = this.#opening.get(stream);
    this.#opening.delete(stream);
    this.#deletedSinceListed.add(stream);
    const deleted = this.#delete(stream, opening);
    this.#end(stream, deleted);
    return deleted;
  }

  async #delete(stream: string, opening: Promise<DiskFragmentLog> | undefined): Promise<void> {
    await this.#ending.get(stream);
    // A log that cannot be opened can be deleted all the same.
    const [opened] = await Promise.allSettled([opening]);
    if (opened.status === 'fulfilled') await opened.value?.close();
    this.#mayWrite.delete(stream);
    await this.#store.removeDirectory(streamDirectory(stream));
  }

  /** One round of retention over all streams, as the clock calls for it. Failures become events. */
  async runRetention(): Promise<void> {
    for (const stream of await this.#listForRetention()) {
      if (this.#isClosed) return;
      if (this.#deletedSinceListed.has(stream)) continue;
      await this.applyRetention(stream);
    }
    await this.#reporting('', async () => {
      const wantedBytes = await missingToReserve(this.#store, this.#options.reserveBytes);
      if (wantedBytes > 0) await this.#free(wantedBytes, 'disk-reserve');
    });
    await this.#reporting('', () => this.#freeWarm());
  }

  /** Moves now the sealed files of warm streams that are not in the warm directory yet. Failures become events. */
  async runMoves(): Promise<void> {
    await this.#mover?.run();
  }

  /** Deletes now what one stream's retention no longer covers. Failures become events. */
  applyRetention(stream: string): Promise<void> {
    return this.#reporting(stream, async () => {
      await applyLimits(await this.open(stream), this.#retentionOf(stream), this.#clock.nowMs());
    });
  }

  async #listForRetention(): Promise<string[]> {
    let names: string[] = [];
    this.#deletedSinceListed.clear();
    await this.#reporting('', async () => {
      names = await this.list();
    });
    return names;
  }

  async #reporting(stream: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof LogStoreError && error.code === 'closed') return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#report({ type: 'retention-failed', stream, reason });
    }
  }

  /** Deletes the oldest media; answers bytes freed. Shared by all writers that find the disk full at the same time. */
  freeWhenFull(): Promise<number> {
    this.#freeing ??= this.#freeToReserve()
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#report({ type: 'retention-failed', stream: '', reason });
        return 0;
      })
      .finally(() => {
        this.#freeing = undefined;
      });
    return this.#freeing;
  }

  /** At least one file, also where a quota is full and not the disk. */
  async #freeToReserve(): Promise<number> {
    const wantedBytes = await missingToReserve(this.#store, this.#options.reserveBytes);
    return this.#free(Math.max(1, wantedBytes), 'disk-full');
  }

  /** Frees space where media is written. */
  async #free(wantedBytes: number, reason: 'disk-reserve' | 'disk-full'): Promise<number> {
    const logs = () => this.#logs.values();
    const tiers = this.#tiers;
    if (tiers === undefined) return freeSpace(logs(), wantedBytes, reason);
    const isHot: IsHere = (path) => tiers.isHot(path);
    let freedBytes = await freeSpace(logs(), wantedBytes, reason, isHot);
    // Streams that were warm once: behind their files there, they have new ones here.
    const staying = () => [...logs()].filter(({ stream }) => this.#options.isWarm?.(stream) !== true);
    while (freedBytes < wantedBytes && (await uncover(staying(), reason, isHot))) {
      const bytes = await freeSpace(logs(), wantedBytes - freedBytes, reason, isHot);
      if (bytes === 0) break;
      freedBytes += bytes;
    }
    return freedBytes;
  }

  /** Keeps the reserve of the warm directory's disk. */
  async #freeWarm(): Promise<void> {
    const tiers = this.#tiers;
    if (tiers === undefined) return;
    const wantedBytes = await missingToReserve(tiers.warm, this.#options.reserveBytes);
    if (wantedBytes === 0) return;
    const isWarm: IsHere = async (path) => !(await tiers.isHot(path));
    await freeSpace(this.#logs.values(), wantedBytes, 'disk-reserve', isWarm);
  }

  #count(error: LogWriteError): void {
    if (error.code === 'backlog-full') this.#backlogRefusals++;
    else if (error.code !== 'closed') this.#writeFailures++;
  }

  #report(event: LogEvent): void {
    if (event.type === 'deleted') {
      this.#deletedFiles++;
      this.#deletedBytes += event.sizeBytes;
    }
    if (event.type === 'damaged') this.#damagedRanges++;
    this.#options.onEvent?.(event);
  }

  stats(): LogStoreStats {
    return {
      syncRounds: this.#syncGroup.rounds,
      lastSyncRoundMs: this.#syncGroup.lastRoundMs,
      dirtyFiles: this.#syncGroup.dirtyFiles,
      backlogBytes: this.#sharedBacklog.usedBytes,
      backlogRefusals: this.#backlogRefusals,
      writeFailures: this.#writeFailures,
      openFiles: this.#openFiles.openCount,
      openStreams: this.#logs.size,
      deletedFiles: this.#deletedFiles,
      deletedBytes: this.#deletedBytes,
      heldBytes: this.#openFiles.heldBytes,
      damagedRanges: this.#damagedRanges,
      movedFiles: this.#mover?.movedFiles ?? 0,
      movedBytes: this.#mover?.movedBytes ?? 0,
      moveFailures: this.#mover?.failures ?? 0,
    };
  }

  /** Finishes, syncs and closes all logs; whoever still reads keeps what it has open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetention?.();
    await this.#retention;
    await this.#mover?.close();
    await Promise.all([...this.#opening.values()].map(async (opening) => (await opening).close()));
    await Promise.all(this.#ending.values());
    await this.#openFiles.close();
  }
}

/** Where in the time between two rolls this stream's come: the same after each start. */
function phaseOf(stream: string, fileMaxMs: number): number {
  return createHash('sha256').update(stream).digest().readUInt32BE(0) % fileMaxMs;
}
