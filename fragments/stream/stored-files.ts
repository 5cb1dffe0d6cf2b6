import { type ByteStore, readWhole, StoreError } from '../log/byte-store.ts';
import type { FileKey, FileSummary } from '../log/file-summary.ts';
import { FileTable } from '../log/file-table.ts';
import { LogReadError } from '../log/log-error.ts';
import type { LruCache } from '../log/lru-cache.ts';
import type { Manifest } from '../log/manifest.ts';
import type { OpenFiles } from '../log/open-files.ts';
import { FragmentIndex, MAX_INDEX_BYTES, summarize } from './fragment-index.ts';
import { formatFragmentNumber, parseFragmentNumber } from './fragment-number.ts';
import type { LogEvent } from './log-options.ts';
import { scanLogFile } from './log-scan.ts';

/** Of log files. */
export const EXTENSION = '.mp4';
/** Names of log files: the number of the first fragment. */
const LOG_FILE = /^[0-9]{47}\.mp4$/;
/** Manifest rows read at once. */
const SUMMARY_BATCH = 256;

type Deletion = Extract<LogEvent, { type: 'deleted' }>;

/** What the files of a stream share with the rest of the store. */
export interface StoredFilesOptions {
  readonly stream: string;
  readonly directory: string;
  readonly store: ByteStore;
  readonly openFiles: OpenFiles;
  readonly indexCache: LruCache<FragmentIndex>;
  readonly manifest: Manifest;
  readonly onEvent: (event: LogEvent) => void;
  /** A file does not change any more; its name. In order, on opening those that are there. */
  readonly onSealed?: (name: string) => void;
}

/** File name without extension: the number of its first fragment. */
export function fileNameOf(key: FileKey): string {
  return formatFragmentNumber(key);
}

/** The reverse; `undefined` for other names. */
export function keyOfFileName(name: string): FileKey | undefined {
  return LOG_FILE.test(name) ? parseFragmentNumber(name.slice(0, -EXTENSION.length)) : undefined;
}

export function isSameKey(left: FileKey, right: FileKey): boolean {
  return (
    left.sequence === right.sequence && left.serverMs === right.serverMs && left.random28 === right.random28
  );
}

/**
 * The files of one stream: the table in memory, the manifest and the indexes on disk. The newest may be open, that is,
 * being written; the others are sealed.
 */
export class StoredFiles {
  readonly table = new FileTable();
  readonly #options: StoredFilesOptions;
  /** Newest sealed file with each init segment: it is the last of them to be deleted. */
  readonly #inits = new Map<string, FileKey>();
  #open: { readonly key: FileKey; readonly index: FragmentIndex } | undefined;
  #sizeBytes = 0;
  #oldest: FileSummary | undefined;
  /** Deletions, one after the other. */
  #deleting: Promise<unknown> = Promise.resolve();

  constructor(options: StoredFilesOptions) {
    this.#options = options;
  }

  /** Of the sealed files. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get sealedFiles(): number {
    return this.table.length - (this.#open === undefined ? 0 : 1);
  }

  /** Takes up a sealed file that is in the manifest already. */
  adopt(summary: FileSummary): void {
    this.table.push(summary);
    this.#take(summary);
  }

  #take(summary: FileSummary): void {
    this.#inits.set(summary.headId, summary.key);
    this.#sizeBytes += summary.sizeBytes;
    this.#options.onSealed?.(fileNameOf(summary.key) + EXTENSION);
  }

  /** The open file has fragments from `firstNewRow` on that it did not have before. */
  grow(index: FragmentIndex, firstNewRow: number): void {
    for (let row = firstNewRow; row < index.count; row++) {
      const producerMinMs = index.producerMsAt(row);
      const producerMaxMs = producerMinMs + index.durationMsAt(row);
      if (this.#open?.index === index) {
        this.table.widenLast(producerMinMs, producerMaxMs);
      } else {
        const key = index.keyAt(row);
        this.#open = { key, index };
        this.table.push({ key, firstOrdinal: index.ordinalAt(row), producerMinMs, producerMaxMs });
      }
    }
  }

  /** The open file was given up with nothing in it. */
  dropOpen(): void {
    if (this.#open !== undefined) this.table.pop();
    this.#open = undefined;
  }

  /** The open file is sealed: its bytes and its index are in place. */
  async seal(index: FragmentIndex, sizeBytes: number): Promise<void> {
    const summary = summarize(index, index.keyAt(0), sizeBytes);
    const { manifest, indexCache, onEvent, stream } = this.#options;
    indexCache.set(this.pathOf(summary.key), index);
    this.#open = undefined;
    this.#take(summary);
    try {
      if (manifest.isWhole) await manifest.append(summary);
      else await manifest.write(await this.summariesOf(this.#keys(0, this.sealedFiles)));
    } catch (error) {
      if (!(error instanceof StoreError || error instanceof LogReadError)) throw error;
      onEvent({ type: 'index-failed', stream, file: 'manifest', reason: error.message });
    }
  }

  #keys(from: number, to: number): FileKey[] {
    const keys: FileKey[] = [];
    for (let at = from; at < to; at++) keys.push(this.table.keyAt(at));
    return keys;
  }

  /** Path of a file without its extension. */
  pathOf(key: FileKey): string {
    return `${this.#options.directory}/${fileNameOf(key)}`;
  }

  /** A file that has this init segment. */
  keyOfInit(initId: string): FileKey | undefined {
    const open = this.#open?.index.initId === initId ? this.#open.key : undefined;
    return this.#inits.get(initId) ?? open;
  }

  /** The index of a file, `undefined` when it was deleted. Throws LogReadError. */
  async indexIfThere(key: FileKey): Promise<FragmentIndex | undefined> {
    try {
      return await this.indexOf(key);
    } catch (error) {
      if (error instanceof LogReadError && error.code === 'gone') return undefined;
      throw error;
    }
  }

  /** The index of a file; made anew from the file when it is missing or damaged. Throws LogReadError. */
  indexOf(key: FileKey): Promise<FragmentIndex> {
    if (this.#open !== undefined && isSameKey(this.#open.key, key)) return Promise.resolve(this.#open.index);
    const path = this.pathOf(key);
    return this.#options.indexCache.getOrLoad(path, () => this.#loadIndex(key, path));
  }

  async #loadIndex(key: FileKey, path: string): Promise<FragmentIndex> {
    let reason = 'the index is damaged';
    try {
      const index = FragmentIndex.parse(await readWhole(this.#options.store, `${path}.idx`, MAX_INDEX_BYTES));
      if (index !== undefined && index.keyAt(0).sequence >= key.sequence) return index;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      reason = `the index cannot be read: ${error.message}`;
    }
    return this.#rebuildIndex(path, reason);
  }

  async #rebuildIndex(path: string, reason: string): Promise<FragmentIndex> {
    const { store, stream, onEvent } = this.#options;
    const index = await scanForIndex(store, path);
    const file = path.slice(path.lastIndexOf('/') + 1);
    try {
      await store.replace(`${path}.idx`, index.bytes);
      onEvent({ type: 'rebuilt', stream, file: `${file}.idx`, reason });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onEvent({ type: 'index-failed', stream, file, reason: error.message });
    }
    return index;
  }

  /** Summaries of files in the order of the log; files deleted meanwhile are left out. Throws LogReadError. */
  async summariesOf(keys: readonly FileKey[]): Promise<FileSummary[]> {
    const summaries: FileSummary[] = [];
    for (let at = 0; at < keys.length; at += SUMMARY_BATCH) {
      const batch = keys.slice(at, at + SUMMARY_BATCH);
      const first = this.table.bySequence(batch[0]?.sequence ?? 0);
      const rows = await this.#manifestRows(Math.max(0, first), batch.length);
      for (const [offset, key] of batch.entries()) {
        // Rows are missing or moved after a failed write, a deletion, and for the open file: its index tells then.
        const row = rows[offset];
        const summary = row !== undefined && isSameKey(row.key, key) ? row : await this.#summaryOf(key);
        if (summary !== undefined) summaries.push(summary);
      }
    }
    return summaries;
  }

  async #manifestRows(from: number, count: number): Promise<FileSummary[]> {
    try {
      return await this.#options.manifest.read(from, from + count);
    } catch (error) {
      if (error instanceof StoreError) return [];
      throw error;
    }
  }

  async #summaryOf(key: FileKey): Promise<FileSummary | undefined> {
    const index = await this.indexIfThere(key);
    return index === undefined ? undefined : summarize(index, key, index.endBytes);
  }

  /** Summary of the oldest sealed file. */
  async #oldestSummary(): Promise<FileSummary | undefined> {
    const key = this.table.keyAt(0);
    if (this.#oldest !== undefined && isSameKey(this.#oldest.key, key)) return this.#oldest;
    this.#oldest = (await this.summariesOf([key]))[0];
    return this.#oldest;
  }

  /**
   * Deletes the oldest sealed file when `condition` holds for it; answers bytes freed. Throws StoreError and LogReadError.
   */
  deleteOldest(reason: Deletion['reason'], condition: (summary: FileSummary) => boolean): Promise<number> {
    const deletion = this.#deleting.then(() => this.#deleteOldest(reason, condition));
    this.#deleting = deletion.catch(() => undefined); // told to the caller of this deletion, not of the next
    return deletion;
  }

  async #deleteOldest(
    reason: Deletion['reason'],
    condition: (summary: FileSummary) => boolean,
  ): Promise<number> {
    if (this.sealedFiles === 0) return 0;
    const key = this.table.keyAt(0);
    const summary = await this.#oldestSummary();
    if (summary !== undefined && !condition(summary)) return 0;
    const { store, manifest, openFiles, indexCache, stream, onEvent } = this.#options;
    // With the last file goes all that tells where the stream goes on, but for the manifest.
    if (this.table.length === 1) await manifest.sync();
    // Out of the table first: who looks for it now does not find it, who reads it has it open.
    this.table.shift();
    const sizeBytes = summary?.sizeBytes ?? 0;
    this.#sizeBytes -= sizeBytes;
    if (summary !== undefined && isSameKey(this.#inits.get(summary.headId) ?? key, key)) {
      this.#inits.delete(summary.headId);
    }
    const path = this.pathOf(key);
    indexCache.delete(path);
    openFiles.forget(`${path}${EXTENSION}`, sizeBytes);
    await store.delete(`${path}${EXTENSION}`);
    await store.delete(`${path}.idx`);
    await manifest.shift();
    onEvent({ type: 'deleted', stream, file: fileNameOf(key) + EXTENSION, sizeBytes, reason });
    return sizeBytes;
  }
}

/** Makes the index of a file from the file itself. Throws LogReadError. */
export async function scanForIndex(store: ByteStore, path: string): Promise<FragmentIndex> {
  try {
    const file = await store.openRead(`${path}${EXTENSION}`);
    try {
      const { index } = await scanLogFile(file);
      if (index !== undefined) return index;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new LogReadError(cause.code === 'not-found' ? 'gone' : 'io-error', cause.message, { cause });
  }
  throw new LogReadError('damaged', `${path}${EXTENSION} holds no good fragment`);
}
