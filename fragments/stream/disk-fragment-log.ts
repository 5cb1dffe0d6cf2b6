import type { ByteBudget } from '../log/byte-budget.ts';
import type { FileKey } from '../log/file-summary.ts';
import { LogReadError, type LogWriteError } from '../log/log-error.ts';
import { LogWriter } from '../log/log-writer.ts';
import type { BorrowedFile } from '../log/open-files.ts';
import type { DeletionReason, RetainedLog } from '../log/retention.ts';
import type { SyncGroup } from '../log/sync-group.ts';
import { ChunkFraming, chunkBytesOf, type FileLimits } from './chunk-framing.ts';
import type { FragmentInfo, FragmentTag } from './fragment.ts';
import { fragmentBoxBytes, MIN_BOX_BYTES } from './fragment-box.ts';
import { type FoundFragment, FragmentFinder } from './fragment-finder.ts';
import type {
  ChunkToAppend,
  FragmentBytes,
  FragmentLog,
  FragmentSelector,
  InitSegment,
  LogEnd,
  RecordedRange,
} from './fragment-log.ts';
import { recordedRanges } from './recorded-ranges.ts';
import { type RecoveredLog, recoverLog } from './recovery.ts';
import { EXTENSION, type StoredFiles, type StoredFilesOptions } from './stored-files.ts';
import { readStoredTags } from './stored-tags.ts';

/** What a DiskFragmentLog is given by the LogStore that opens it. */
export interface DiskFragmentLogOptions extends StoredFilesOptions {
  readonly syncGroup: SyncGroup;
  readonly sharedBacklog: ByteBudget;
  readonly backlogBytes: number;
  readonly limits: FileLimits;
  readonly mayWrite: () => boolean;
  /** The disk is full: frees space by retention, answers how much. */
  readonly onDiskFull: () => Promise<number>;
  readonly onWriteError: (error: LogWriteError) => void;
  /** The log is being closed; `closed` settles when that is done. */
  readonly onClosing: (closed: Promise<void>) => void;
}

/**
 * A chunk whose producer waits is synced within this, together with the others of that kind: 40 rounds a second at most, whatever
 * the number of streams.
 */
const AWAITED_WITHIN_MS = 25;

/**
 * The log of one stream on disk (design.md §3): playable files that are the truth, indexes that can be thrown away.
 * Opened by LogStore.
 *
 * Server times are expected to never go back from fragment to fragment (StreamNumbering sees to it when the clock is set
 * back); a log that breaks this keeps everything, and finds by server time only roughly.
 */
export class DiskFragmentLog implements FragmentLog, RetainedLog {
  readonly stream: string;
  readonly #options: DiskFragmentLogOptions;
  readonly #files: StoredFiles;
  readonly #finder: FragmentFinder;
  readonly #framing: ChunkFraming;
  readonly #writer: LogWriter<ChunkToAppend>;
  #end: LogEnd;
  #closed: Promise<void> | undefined;

  private constructor(options: DiskFragmentLogOptions, recovered: RecoveredLog) {
    this.stream = options.stream;
    this.#options = options;
    this.#files = recovered.files;
    this.#end = recovered.end;
    this.#finder = new FragmentFinder(recovered.files);
    this.#framing = new ChunkFraming(options.limits, recovered.end.nextOrdinal - 1, (index, firstNewRow) => {
      this.#files.grow(index, firstNewRow);
      const last = index.count - 1;
      this.#end = {
        nextOrdinal: index.ordinalAt(last) + 1,
        nextRun: index.runAt(last) + 1,
        lastSequence: index.keyAt(last).sequence,
      };
    });
    this.#writer = this.#makeWriter();
  }

  /** Opens a stream's directory, made when there is none; see recovery.ts. Throws StoreError and LogReadError. */
  static async open(options: DiskFragmentLogOptions): Promise<DiskFragmentLog> {
    return new DiskFragmentLog(options, await recoverLog(options));
  }

  #makeWriter(): LogWriter<ChunkToAppend> {
    const { stream, store, directory, syncGroup, backlogBytes, sharedBacklog, mayWrite } = this.#options;
    const { onDiskFull, onEvent, onWriteError } = this.#options;
    return new LogWriter({
      store,
      directory,
      extension: EXTENSION,
      framing: this.#framing,
      syncGroup,
      backlogBytes,
      sharedBacklog,
      mayWrite,
      onDiskFull,
      onSealed: async (_name, sizeBytes) => {
        const { index } = this.#framing;
        if (index !== undefined) await this.#files.seal(index, sizeBytes);
      },
      onDropped: () => this.#files.dropOpen(),
      onAbandoned: (name, keptBytes, reason) =>
        onEvent({ type: 'abandoned', stream, file: name + EXTENSION, keptBytes, reason: reason.message }),
      onIndexFailed: (name, error) =>
        onEvent({ type: 'index-failed', stream, file: `${name}.idx`, reason: error.message }),
      onWriteError,
    });
  }

  get firstOrdinal(): number {
    const { table } = this.#files;
    return table.length > 0 ? table.firstOrdinalAt(0) : this.#end.nextOrdinal;
  }

  get end(): LogEnd {
    return this.#end;
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  get sizeBytes(): number {
    return this.#files.sizeBytes + this.#writer.openFileBytes;
  }

  append(chunk: ChunkToAppend): Promise<void> {
    const sizeBytes = fragmentBoxBytes(chunk.tags) + chunkBytesOf(chunk);
    return this.#writer.append(chunk, sizeBytes, chunk.isAwaited === true ? AWAITED_WITHIN_MS : undefined);
  }

  async find(selector: FragmentSelector): Promise<FragmentInfo | undefined> {
    return (await this.#finder.find(selector))?.stored.info;
  }

  list(fromOrdinal: number, limit: number): Promise<FragmentInfo[]> {
    return this.#finder.list(fromOrdinal, limit);
  }

  startingIn(
    clock: 'server' | 'producer',
    range: { readonly fromMs: number; readonly toMs: number },
    fromOrdinal: number,
    limit: number,
  ): Promise<FragmentInfo[]> {
    return this.#finder.startingIn(clock, range, fromOrdinal, limit);
  }

  ranges(clock: 'server' | 'producer', fromMs: number, toMs: number): Promise<RecordedRange[]> {
    return recordedRanges(this.#files, clock, fromMs, toMs);
  }

  async open(ordinal: number): Promise<FragmentBytes> {
    const found = await this.#found(ordinal);
    return new StoredBytes(found, await this.#borrow(found.file));
  }

  async tags(ordinal: number): Promise<readonly FragmentTag[]> {
    const { stored, file } = await this.#found(ordinal);
    // The usual fragment has one box, and nothing is in it.
    if (stored.chunks === 1 && stored.boxBytes === MIN_BOX_BYTES) return [];
    const borrowed = await this.#borrow(file);
    try {
      return await readStoredTags(borrowed, stored);
    } finally {
      borrowed.release();
    }
  }

  async #found(ordinal: number): Promise<FoundFragment> {
    const isDeleted = ordinal < this.firstOrdinal;
    const found = isDeleted ? undefined : await this.#finder.find({ by: 'ordinal', ordinal });
    if (found !== undefined) return found;
    // It may have been deleted while it was looked for.
    const code = ordinal < this.firstOrdinal ? 'gone' : 'not-found';
    throw new LogReadError(code, `${this.stream} has no fragment ${ordinal} (any more)`);
  }

  #borrow(file: FileKey): Promise<BorrowedFile> {
    return this.#options.openFiles.borrow(this.#files.pathOf(file) + EXTENSION);
  }

  async init(initId: string): Promise<InitSegment | undefined> {
    const key = this.#files.keyOfInit(initId);
    const index = key === undefined ? undefined : await this.#files.indexIfThere(key);
    if (key === undefined || index === undefined) return undefined;
    const file = await this.#borrow(key);
    try {
      const bytes = Buffer.allocUnsafe(index.headBytes);
      await file.read(bytes, 0);
      return { id: initId, bytes };
    } finally {
      file.release();
    }
  }

  /** Server time of the oldest sealed file's first fragment. */
  get oldestServerMs(): number | undefined {
    return this.#files.sealedFiles > 0 ? this.#files.table.firstServerMsAt(0) : undefined;
  }

  get oldestFile(): string | undefined {
    return this.#pathOfSealed(0);
  }

  get newestFile(): string | undefined {
    return this.#pathOfSealed(this.#files.sealedFiles - 1);
  }

  #pathOfSealed(index: number): string | undefined {
    if (index < 0 || index >= this.#files.sealedFiles) return undefined;
    return this.#files.pathOf(this.#files.table.keyAt(index)) + EXTENSION;
  }

  async sealIfDue(nowMs: number): Promise<void> {
    if (nowMs >= this.#framing.rollAtMs) await this.#writer.seal();
  }

  async deleteBefore(serverMs: number, reason: DeletionReason = 'age'): Promise<number> {
    let freedBytes = 0;
    // A file whose first fragment is young enough has no older last one: most look-ups end here.
    while ((this.oldestServerMs ?? Number.POSITIVE_INFINITY) < serverMs) {
      const bytes = await this.#files.deleteOldest(reason, (summary) => summary.lastServerMs < serverMs);
      if (bytes === 0) break;
      freedBytes += bytes;
    }
    return freedBytes;
  }

  deleteOldest(reason: DeletionReason = 'stream-bytes'): Promise<number> {
    return this.#files.deleteOldest(reason, () => true);
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = this.#writer.close();
      this.#options.onClosing(this.#closed);
    }
    return this.#closed;
  }
}

class StoredBytes implements FragmentBytes {
  readonly info: FragmentInfo;
  readonly sizeBytes: number;
  readonly #startBytes: number;
  readonly #file: BorrowedFile;
  #isClosed = false;

  constructor({ stored }: FoundFragment, file: BorrowedFile) {
    this.info = stored.info;
    this.sizeBytes = stored.info.sizeBytes;
    this.#startBytes = stored.offsetBytes + stored.boxBytes;
    this.#file = file;
  }

  async read(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void> {
    if (this.#isClosed) throw new LogReadError('io-error', `fragment ${this.info.ordinal} was closed`);
    if (offsetBytes < 0 || lengthBytes > target.length || offsetBytes + lengthBytes > this.sizeBytes) {
      const wanted = `${lengthBytes} bytes at ${offsetBytes}`;
      throw new LogReadError('not-found', `fragment ${this.info.ordinal} has no ${wanted} for this target`);
    }
    await this.#file.read(target.subarray(0, lengthBytes), this.#startBytes + offsetBytes);
  }

  close(): void {
    this.#isClosed = true;
    this.#file.release();
  }
}
