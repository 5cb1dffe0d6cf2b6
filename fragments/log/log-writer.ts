import type { ByteBudget } from './byte-budget.ts';
import { type AppendFile, type ByteStore, StoreError } from './byte-store.ts';
import { LogWriteError } from './log-error.ts';
import { LogFile } from './log-file.ts';
import type { SyncGroup } from './sync-group.ts';

/** How entries become bytes and index rows: boxes for video, length and checksum for data streams. */
export interface LogFraming<E> {
  /** May the entry go on in the open file, which would have `sizeBytes` before it? A new file is begun when not. */
  fits(entry: E, sizeBytes: number): boolean;
  /** The file that begins with this entry: its name without extension, and its first bytes. */
  begin(entry: E): { readonly name: string; readonly head: readonly Uint8Array[] };
  /** The bytes of an entry at its place. Staged until `commit`. Throws LogWriteError `invalid`. */
  frame(entry: E, offsetBytes: number): readonly Uint8Array[];
  /** What was framed is written: it is findable from now on. */
  commit(): void;
  /** What was framed was not written. */
  rollback(): void;
  /** Takes the index bytes that were not taken yet. */
  takeIndexBytes(): Uint8Array;
  /** The file ends at `sizeBytes`; what lies beyond is not counted on. Answers its whole index, `undefined` when nothing is in it. */
  seal(sizeBytes: number): Uint8Array | undefined;
}

export interface LogWriterOptions<E> {
  readonly store: ByteStore;
  readonly directory: string;
  /** Of log files, with the dot. */
  readonly extension: string;
  readonly framing: LogFraming<E>;
  readonly syncGroup: SyncGroup;
  /** How long an entry may wait for its sync; the group's interval when not given. */
  readonly syncWithinMs?: number;
  /** Unwritten bytes of this log, at most. */
  readonly backlogBytes: number;
  /** The same, shared by all logs. */
  readonly sharedBacklog: ByteBudget;
  readonly mayWrite: () => boolean;
  /** The disk is full: frees space and answers how many bytes were freed. */
  readonly onDiskFull: () => Promise<number>;
  /** A file was finished; `name` without extension. Its bytes are durable. */
  readonly onSealed: (name: string, sizeBytes: number) => Promise<void>;
  /** A file was given up with nothing in it, and deleted. */
  readonly onDropped: (name: string) => void;
  readonly onAbandoned: (name: string, keptBytes: number, reason: LogWriteError) => void;
  readonly onIndexFailed: (name: string, error: StoreError) => void;
  /** Entries were refused or could not be written, for counters; their promises tell each of them. */
  readonly onWriteError: (error: LogWriteError) => void;
}

interface Pending<E> {
  readonly entry: E;
  readonly sizeBytes: number;
  readonly syncWithinMs: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: LogWriteError) => void;
}

interface OpenFile {
  readonly name: string;
  readonly data: LogFile;
  /** `undefined` after a failed write: the index is made anew when the file is sealed. */
  index: AppendFile | undefined;
}

/** Bytes framed for one write: bounds how long checksums hold up other work. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Buffers of one write. */
const BATCH_BUFFERS = 4096;

/** The write side of a log: a bounded queue, rolling files, bytes first, then index, then notify (design.md §3 rule 2). */
export class LogWriter<E> {
  readonly #options: LogWriterOptions<E>;
  readonly #queue: Pending<E>[] = [];
  #file: OpenFile | undefined;
  #unwrittenBytes = 0;
  #pendingBytes = 0;
  #isClosed = false;
  #sealAsked = false;
  #draining: Promise<void> | undefined;

  constructor(options: LogWriterOptions<E>) {
    this.#options = options;
  }

  /** Accepted and not durable. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Good bytes of the open file. */
  get openFileBytes(): number {
    return this.#file?.data.sizeBytes ?? 0;
  }

  /**
   * Queues an entry of about `sizeBytes`; entries are written in order. `syncWithinMs`: for this one, instead of that of the log.
   * Rejects with LogWriteError.
   */
  append(entry: E, sizeBytes: number, syncWithinMs?: number): Promise<void> {
    const refusal = this.#refusal(sizeBytes);
    if (refusal !== undefined) {
      this.#options.onWriteError(refusal);
      return Promise.reject(refusal);
    }
    this.#unwrittenBytes += sizeBytes;
    this.#pendingBytes += sizeBytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, sizeBytes, syncWithinMs, resolve, reject });
      this.#kick();
    });
  }

  #refusal(sizeBytes: number): LogWriteError | undefined {
    if (this.#isClosed) return new LogWriteError('closed', 'the log is closed');
    if (!this.#options.mayWrite()) return new LogWriteError('fenced', 'another writer holds the lease');
    const { backlogBytes, sharedBacklog } = this.#options;
    if (this.#unwrittenBytes + sizeBytes > backlogBytes) {
      return new LogWriteError(
        'backlog-full',
        `more than ${backlogBytes} bytes of this log wait for the disk`,
      );
    }
    if (!sharedBacklog.tryTake(sizeBytes)) {
      return new LogWriteError(
        'backlog-full',
        `more than ${sharedBacklog.limitBytes} bytes wait for the disk`,
      );
    }
    return undefined;
  }

  /** Finishes the open file after what is queued; the next append begins another. */
  async seal(): Promise<void> {
    this.#sealAsked = true;
    while (this.#sealAsked) {
      this.#kick();
      await this.#draining;
    }
  }

  /** Finishes what is queued, seals, and refuses everything else. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.seal();
  }

  #kick(): void {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
      // Something may have come between the last look at the queue and here.
      if (this.#queue.length > 0) this.#kick();
    });
  }

  async #drain(): Promise<void> {
    for (;;) {
      if (this.#file?.data.failure !== undefined) await this.#sealFile();
      const first = this.#queue[0];
      if (first === undefined) {
        if (this.#sealAsked) await this.#sealFile();
        this.#sealAsked = false;
        return;
      }
      if (!this.#options.mayWrite()) {
        this.#reject(this.#queue.length, new LogWriteError('fenced', 'another writer holds the lease'));
      } else if (this.#file && !this.#options.framing.fits(first.entry, this.#file.data.sizeBytes)) {
        await this.#sealFile();
      } else {
        await this.#writeBatch(first);
      }
    }
  }

  /** Writes as much of the queue's head as goes into one write of one file. */
  async #writeBatch(first: Pending<E>): Promise<void> {
    const { framing, syncGroup, syncWithinMs } = this.#options;
    let count = 1;
    try {
      const file = await this.#openFile(first.entry);
      const batch = this.#frame(file.data.sizeBytes);
      count = batch.count;
      if (count === 0) return;
      await file.data.append(batch.buffers);
      framing.commit();
      await this.#writeIndex(file);
      const written = this.#takeQueue(count);
      const durable = file.data.durable();
      for (const pending of written) this.#settleWith(durable, pending);
      const soonestMs = Math.min(
        ...written.map((pending) => pending.syncWithinMs ?? Number.POSITIVE_INFINITY),
      );
      syncGroup.request(file.data, Number.isFinite(soonestMs) ? soonestMs : syncWithinMs);
    } catch (error) {
      framing.rollback();
      const failure = asWriteError(error);
      if (failure.code === 'disk-full' && (await this.#options.onDiskFull()) > 0) return;
      this.#options.onWriteError(failure);
      this.#reject(count, failure);
    }
  }

  /** Frames entries from the head of the queue; those that cannot follow what is written are rejected on the way. */
  #frame(startBytes: number): { buffers: Uint8Array[]; count: number } {
    const { framing } = this.#options;
    const buffers: Uint8Array[] = [];
    let offsetBytes = startBytes;
    let count = 0;
    while (count < this.#queue.length) {
      const pending = this.#queue[count] as Pending<E>;
      if (count > 0 && !framing.fits(pending.entry, offsetBytes)) break;
      try {
        for (const buffer of framing.frame(pending.entry, offsetBytes)) {
          buffers.push(buffer);
          offsetBytes += buffer.length;
        }
        count++;
      } catch (error) {
        this.#rejectAt(count, asWriteError(error));
      }
      if (offsetBytes - startBytes >= BATCH_BYTES || buffers.length >= BATCH_BUFFERS) break;
    }
    return { buffers, count };
  }

  async #openFile(entry: E): Promise<OpenFile> {
    if (this.#file !== undefined) return this.#file;
    const { store, directory, extension, framing } = this.#options;
    const { name, head } = framing.begin(entry);
    const data = await LogFile.create(store, directory, `${name}${extension}`, head);
    this.#file = { name, data, index: undefined };
    try {
      this.#file.index = await store.openAppend(`${directory}/${name}.idx`, 'new');
    } catch (error) {
      this.#indexFailed(this.#file, error);
    }
    return this.#file;
  }

  /** An index that cannot be written costs time on the next opening, never media. */
  async #writeIndex(file: OpenFile): Promise<void> {
    const bytes = this.#options.framing.takeIndexBytes();
    if (file.index === undefined || bytes.length === 0) return;
    try {
      await file.index.append([bytes]);
    } catch (error) {
      const { index } = file;
      file.index = undefined;
      this.#indexFailed(file, error);
      await this.#tidy(file, () => index.close());
    }
  }

  #indexFailed(file: OpenFile, error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    this.#options.onIndexFailed(file.name, error);
  }

  async #sealFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const { store, directory, extension, framing } = this.#options;
    await file.data.sync();
    const { failure } = file.data;
    const sizeBytes = failure === undefined ? file.data.sizeBytes : file.data.syncedBytes;
    if (failure !== undefined) {
      await file.data.cutToSynced();
      this.#options.onAbandoned(file.name, sizeBytes, failure);
    }
    const index = framing.seal(sizeBytes);
    this.#file = undefined;
    await this.#tidy(file, () => file.data.close());
    if (index === undefined) {
      this.#options.onDropped(file.name);
      await this.#tidy(file, async () => {
        await file.index?.close();
        await store.delete(`${directory}/${file.name}${extension}`);
        await store.delete(`${directory}/${file.name}.idx`);
      });
      return;
    }
    const rest = failure === undefined ? framing.takeIndexBytes() : undefined;
    await this.#tidy(file, () => this.#finishIndex(file, rest, index));
    await this.#options.onSealed(file.name, sizeBytes);
  }

  /** Work whose failure costs time later and never media. */
  async #tidy(file: OpenFile, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#indexFailed(file, error);
    }
  }

  /** `rest` is what the index still lacks; `undefined` when it must be written anew. */
  async #finishIndex(file: OpenFile, rest: Uint8Array | undefined, whole: Uint8Array): Promise<void> {
    const path = `${this.#options.directory}/${file.name}.idx`;
    try {
      if (file.index !== undefined && rest !== undefined) {
        if (rest.length > 0) await file.index.append([rest]);
        await file.index.sync();
      } else {
        await this.#options.store.replace(path, whole);
      }
    } catch (error) {
      this.#indexFailed(file, error);
      // A part of an index must not be taken for a whole one.
      await this.#options.store.delete(path);
    } finally {
      await file.index?.close();
    }
  }

  #takeQueue(count: number): Pending<E>[] {
    const taken = this.#queue.splice(0, count);
    for (const { sizeBytes } of taken) {
      this.#unwrittenBytes -= sizeBytes;
      this.#options.sharedBacklog.give(sizeBytes);
    }
    return taken;
  }

  #settleWith(durable: Promise<void>, pending: Pending<E>): void {
    durable.then(
      () => {
        this.#pendingBytes -= pending.sizeBytes;
        pending.resolve();
      },
      (error: LogWriteError) => {
        this.#pendingBytes -= pending.sizeBytes;
        pending.reject(error);
        this.#kick(); // the file has failed: it is given up now, not when the next entry comes
      },
    );
  }

  #reject(count: number, error: LogWriteError): void {
    for (const pending of this.#takeQueue(count)) {
      this.#pendingBytes -= pending.sizeBytes;
      pending.reject(error);
    }
  }

  #rejectAt(index: number, error: LogWriteError): void {
    const [pending] = this.#queue.splice(index, 1);
    if (pending === undefined) return;
    this.#unwrittenBytes -= pending.sizeBytes;
    this.#pendingBytes -= pending.sizeBytes;
    this.#options.sharedBacklog.give(pending.sizeBytes);
    pending.reject(error);
  }
}

/** A framing's LogWriteError as it is; what the store threw, and anything unforeseen, as a failed write. */
function asWriteError(error: unknown): LogWriteError {
  if (error instanceof LogWriteError) return error;
  const code = error instanceof StoreError && error.code === 'disk-full' ? 'disk-full' : 'io-error';
  return new LogWriteError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
