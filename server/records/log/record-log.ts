import { readWhole, StoreError } from '../../../fragments/log/byte-store.ts';
import { LogReadError, LogWriteError } from '../../../fragments/log/log-error.ts';
import { LogWriter } from '../../../fragments/log/log-writer.ts';
import type { BorrowedFile } from '../../../fragments/log/open-files.ts';
import { writeEndMark } from './end-mark.ts';
import { readFrameBlock } from './frame-block.ts';
import type { BatchPlace, RecordToAppend, StoredRecord } from './record.ts';
import { RECORD_EXTENSION, type RecordFile } from './record-file.ts';
import { decodeRecord, isIntact } from './record-frame.ts';
import { PendingBatch, RecordFraming } from './record-framing.ts';
import { FILE_HEAD, RecordIndex } from './record-index.ts';
import type { RecordLogOptions } from './record-log-options.ts';
import { type RecoveredRecords, recoverRecords } from './record-recovery.ts';
import { scanRecordFile } from './record-scan.ts';

/** How much one read answers at most. */
export interface ReadLimits {
  readonly maxRecords: number;
  /** Of keys and data; the first record comes whatever its size. */
  readonly maxBytes: number;
  /** Records that arrived earlier have expired. */
  readonly notBeforeMs: number;
}

export interface ReadRecords {
  readonly records: readonly StoredRecord[];
  /** Where to go on. */
  readonly nextOrdinal: number;
}

/** Bytes of one read from disk. */
const READ_BYTES = 256 * 1024;
/** An index row every 32 KiB of the largest file that settings allow. */
const MAX_INDEX_BYTES = 16 * 1024 * 1024;

interface ShardFile extends RecordFile {
  /** Known when it was sealed in this process; `undefined`: as large as it is on disk. */
  sizeBytes: number | undefined;
}

/**
 * The records of one shard on disk, in the order of their ordinals: files of framed records, the truth, with indexes that
 * can be thrown away. Readers see what is durable and nothing else. Opened by RecordStore.
 */
export class RecordLog {
  readonly #options: RecordLogOptions;
  readonly #framing: RecordFraming;
  readonly #writer: LogWriter<PendingBatch>;
  readonly #files: ShardFile[];
  readonly #listeners = new Set<() => void>();
  /** The file being written: its index is in memory. */
  #open: { readonly name: string; readonly index: RecordIndex } | undefined;
  #nextOrdinal: number;
  #lastArrivalMs: number;
  #closed: Promise<void> | undefined;

  private constructor(options: RecordLogOptions, recovered: RecoveredRecords) {
    this.#options = options;
    this.#files = recovered.files.map((file) => ({ ...file, sizeBytes: undefined }));
    this.#nextOrdinal = recovered.nextOrdinal;
    this.#lastArrivalMs = recovered.lastArrivalMs;
    this.#framing = new RecordFraming(
      options.limits,
      recovered,
      (name, index, firstOrdinal, firstArrivalMs) => {
        if (this.#open?.name !== name) {
          this.#files.push({ name, firstOrdinal, firstArrivalMs, sizeBytes: undefined });
        }
        this.#open = { name, index };
      },
    );
    this.#writer = this.#makeWriter();
  }

  /** Opens a shard's directory; made with its first record. Throws StoreError, LogReadError. */
  static async open(options: RecordLogOptions): Promise<RecordLog> {
    return new RecordLog(options, await recoverRecords(options));
  }

  #makeWriter(): LogWriter<PendingBatch> {
    const { onEvent, directory, ...options } = this.#options;
    return new LogWriter<PendingBatch>({
      ...options,
      directory,
      extension: RECORD_EXTENSION,
      framing: this.#framing,
      mayWrite: () => true,
      onSealed: async (name, sizeBytes) => this.#sealed(name, sizeBytes),
      onDropped: (name) => this.#dropped(name),
      onAbandoned: (name, keptBytes, reason) =>
        onEvent({ type: 'abandoned', file: `${directory}/${name}`, keptBytes, reason: reason.message }),
      onIndexFailed: (name, error) =>
        onEvent({ type: 'index-failed', file: `${directory}/${name}.idx`, reason: error.message }),
    });
  }

  /** Ordinal behind the last durable record. */
  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** Arrival of the last durable record; 0 when there never was one. */
  get lastArrivalMs(): number {
    return this.#lastArrivalMs;
  }

  /** Accepted and not durable. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** No record before this one is there any more. */
  get firstOrdinal(): number {
    return this.#files[0]?.firstOrdinal ?? this.#nextOrdinal;
  }

  /** Appends records as one; resolves when they are durable. Rejects with LogWriteError. */
  async append(records: readonly RecordToAppend[], nowMs: number): Promise<BatchPlace> {
    const pending = new PendingBatch({ records, nowMs });
    await this.#writer.append(pending, pending.sizeBytes);
    const { place } = pending;
    if (place === undefined) throw new LogWriteError('invalid', 'a batch was written without a place');
    this.#nextOrdinal = Math.max(this.#nextOrdinal, place.firstOrdinal + records.length);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, place.arrivalMs);
    for (const listener of [...this.#listeners]) listener();
    return place;
  }

  /** Calls back when records have become durable, until the returned function is called. Callbacks do little. */
  listen(listener: () => void): () => void {
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Durable records from an ordinal on, as many as there are up to the limits. Throws LogReadError `io-error`. */
  async read(fromOrdinal: number, limits: ReadLimits): Promise<ReadRecords> {
    const endOrdinal = this.#nextOrdinal;
    const records: StoredRecord[] = [];
    let nextOrdinal = Math.max(fromOrdinal, this.firstOrdinal);
    let restBytes = limits.maxBytes;
    const take = (record: StoredRecord): boolean => {
      const sizeBytes = record.data.length + Buffer.byteLength(record.partitionKey);
      if (records.length >= limits.maxRecords || (records.length > 0 && sizeBytes > restBytes)) return false;
      restBytes -= sizeBytes;
      records.push(record);
      return true;
    };
    while (nextOrdinal < endOrdinal) {
      const position = this.#lastFileUpTo((file) => file.firstOrdinal, nextOrdinal);
      const file = this.#files[position];
      if (file === undefined) break;
      const startOrdinal = nextOrdinal;
      const visited = await this.#visit(file, nextOrdinal, endOrdinal, (record) => {
        if (record.arrivalMs >= limits.notBeforeMs && !take(record)) return false;
        nextOrdinal = record.ordinal + 1;
        return true;
      });
      if (visited === 'stopped') return { records, nextOrdinal };
      // Read to its end: on with the next one, or, with the last, done.
      const next = this.#files.find(
        ({ firstOrdinal }) => firstOrdinal > startOrdinal && firstOrdinal >= nextOrdinal,
      );
      if (next === undefined) return { records, nextOrdinal: Math.max(nextOrdinal, endOrdinal) };
      nextOrdinal = next.firstOrdinal;
    }
    return { records, nextOrdinal };
  }

  /** Ordinal of the first record that arrived at `atMs` or later; when none has, that of the next one to become durable. */
  async findByArrival(atMs: number): Promise<number> {
    // What becomes durable while this reads is behind it, and must not be passed over.
    const endOrdinal = this.#nextOrdinal;
    // Files may begin in the very millisecond in which the one before ends.
    const position = Math.max(
      0,
      this.#lastFileUpTo((file) => file.firstArrivalMs, atMs - 1),
    );
    for (const file of this.#files.slice(position)) {
      let found: number | undefined;
      const startOrdinal = await this.#rowByArrival(file, atMs);
      if (startOrdinal === undefined) continue;
      await this.#visit(file, startOrdinal, endOrdinal, (record) => {
        if (record.arrivalMs < atMs) return true;
        found = record.ordinal;
        return false;
      });
      if (found !== undefined) return found;
    }
    return endOrdinal;
  }

  /** Begins a new file when the open one has been open for long enough: only finished ones are deleted. */
  async sealIfDue(nowMs: number): Promise<void> {
    if (nowMs >= this.#framing.rollAtMs) await this.#writer.seal();
  }

  /** Deletes files all of whose records arrived before. */
  async deleteBefore(atMs: number): Promise<void> {
    for (;;) {
      const [oldest, second] = this.#files;
      if (oldest === undefined || oldest.name === this.#open?.name) return;
      // Nothing of a file is younger than the beginning of the next one.
      if ((second?.firstArrivalMs ?? this.#lastArrivalMs + 1) >= atMs) return;
      if (second === undefined) {
        const mark = { nextOrdinal: this.#nextOrdinal, lastArrivalMs: this.#lastArrivalMs };
        await writeEndMark(this.#options.store, this.#options.directory, mark);
      }
      await this.#deleteOldest(oldest);
    }
  }

  /** Finishes what is queued, syncs and seals. */
  close(): Promise<void> {
    this.#closed ??= this.#writer.close();
    return this.#closed;
  }

  async #deleteOldest(file: ShardFile): Promise<void> {
    const { store, openFiles, indexCache, onEvent } = this.#options;
    this.#files.shift();
    const path = this.#pathOf(file.name);
    openFiles.forget(path, file.sizeBytes ?? 0);
    indexCache.delete(path);
    await store.delete(path);
    await store.delete(`${this.#options.directory}/${file.name}.idx`);
    onEvent({ type: 'deleted', file: path });
  }

  #sealed(name: string, sizeBytes: number): void {
    const file = this.#files.find((each) => each.name === name);
    if (file !== undefined) file.sizeBytes = sizeBytes;
    this.#open = undefined;
  }

  #dropped(name: string): void {
    const position = this.#files.findIndex((each) => each.name === name);
    if (position >= 0) this.#files.splice(position, 1);
    this.#open = undefined;
  }

  /** Position of the last file whose fact is at most `limit`; -1 when there is none. */
  #lastFileUpTo(factOf: (file: RecordFile) => number, limit: number): number {
    let low = 0;
    let high = this.#files.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (factOf(this.#files[middle] as RecordFile) <= limit) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * Shows the file's records of `[fromOrdinal, endOrdinal)` until `visit` answers false. Damaged ones are reported and
   * passed over. `gone`: retention has deleted the file meanwhile.
   */
  async #visit(
    file: ShardFile,
    fromOrdinal: number,
    endOrdinal: number,
    visit: (record: StoredRecord) => boolean,
  ): Promise<'ended' | 'stopped' | 'gone'> {
    const path = this.#pathOf(file.name);
    const borrowed = await this.#borrow(path);
    if (borrowed === undefined) return 'gone';
    try {
      const fileBytes = this.#bytesOf(file, borrowed);
      const index = await this.#indexOf(file, borrowed, fileBytes);
      let at = index.byOrdinal(fromOrdinal)?.offsetBytes ?? FILE_HEAD.length;
      while (at < fileBytes) {
        const block = await readFrameBlock(borrowed.read, at, fileBytes, READ_BYTES);
        let damagedAt = block.isBroken ? block.endBytes : undefined;
        for (const frame of block.frames) {
          if (frame.head.ordinal < fromOrdinal) continue;
          if (frame.head.ordinal >= endOrdinal) return 'ended';
          if (!isIntact(block.bytes, frame.at, frame.head)) {
            damagedAt = at + frame.at;
            break;
          }
          if (!visit(decodeRecord(block.bytes, frame.at, frame.head))) return 'stopped';
        }
        at = damagedAt === undefined ? block.endBytes : this.#behindDamage(path, index, damagedAt, fileBytes);
      }
      return 'ended';
    } finally {
      borrowed.release();
    }
  }

  #behindDamage(path: string, index: RecordIndex, atBytes: number, fileBytes: number): number {
    this.#options.onEvent({ type: 'damaged', file: path, atBytes });
    return index.after(atBytes)?.offsetBytes ?? fileBytes;
  }

  async #rowByArrival(file: ShardFile, atMs: number): Promise<number | undefined> {
    const borrowed = await this.#borrow(this.#pathOf(file.name));
    if (borrowed === undefined) return undefined;
    try {
      const index = await this.#indexOf(file, borrowed, this.#bytesOf(file, borrowed));
      return index.byArrival(atMs)?.ordinal ?? file.firstOrdinal;
    } finally {
      borrowed.release();
    }
  }

  async #borrow(path: string): Promise<BorrowedFile | undefined> {
    try {
      return await this.#options.openFiles.borrow(path);
    } catch (error) {
      if (error instanceof LogReadError && error.code === 'gone') return undefined;
      throw error;
    }
  }

  #bytesOf(file: ShardFile, borrowed: BorrowedFile): number {
    return file.name === this.#open?.name ? this.#framing.fileBytes : (file.sizeBytes ?? borrowed.sizeBytes);
  }

  async #indexOf(file: ShardFile, borrowed: BorrowedFile, fileBytes: number): Promise<RecordIndex> {
    if (file.name === this.#open?.name) return this.#open.index;
    const path = this.#pathOf(file.name);
    return this.#options.indexCache.getOrLoad(path, async () => {
      const stored = await this.#storedIndex(file, fileBytes);
      if (stored !== undefined) return stored;
      this.#options.onEvent({ type: 'rebuilt', file: path, reason: 'its index is missing or bad' });
      return (await scanRecordFile(borrowed.read, fileBytes)).index;
    });
  }

  async #storedIndex(file: ShardFile, fileBytes: number): Promise<RecordIndex | undefined> {
    const path = `${this.#options.directory}/${file.name}.idx`;
    try {
      return RecordIndex.decode(await readWhole(this.#options.store, path, MAX_INDEX_BYTES), fileBytes);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  #pathOf(name: string): string {
    return `${this.#options.directory}/${name}${RECORD_EXTENSION}`;
  }
}
