import { type ByteStore, readWhole, StoreError } from './byte-store.ts';
import { decodeSummary, encodeSummary, type FileSummary, SUMMARY_BYTES } from './file-summary.ts';

const NAME = 'manifest';
/** 7.9 million files. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Rows of deleted files are dropped when there are this many, and more than of kept ones. */
const COMPACT_ROWS = 256;

/**
 * The summaries of a log's sealed files on disk, appended when a file is sealed. Rows of files that are gone stay until
 * the next compaction: the last row tells where the log goes on even when retention has deleted everything. The
 * manifest is disposable; the files and their indexes say the same.
 */
export class Manifest {
  readonly path: string;
  readonly #store: ByteStore;
  /** Rows of deleted files at the front. */
  #dead = 0;
  #live = 0;
  #isWhole = true;

  constructor(store: ByteStore, directory: string) {
    this.#store = store;
    this.path = `${directory}/${NAME}`;
  }

  /** False after a failed write: rows may be missing until the next `write`. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** All rows up to the first bad one; `isIntact` tells whether there was none. */
  async load(): Promise<{ readonly rows: FileSummary[]; readonly isIntact: boolean }> {
    let bytes: Buffer;
    try {
      bytes = await readWhole(this.#store, this.path, MAX_BYTES);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return { rows: [], isIntact: true };
      throw error;
    }
    const rows: FileSummary[] = [];
    for (let at = 0; at < bytes.length; at += SUMMARY_BYTES) {
      const row = decodeSummary(bytes, at);
      if (row === undefined) return { rows, isIntact: false };
      rows.push(row);
    }
    return { rows, isIntact: true };
  }

  /** Takes over what `load` answered: the first `dead` rows are of files that are gone. */
  adopt(dead: number, live: number): void {
    this.#dead = dead;
    this.#live = live;
  }

  /** Puts the rows in place as a whole. Throws StoreError. */
  async write(rows: readonly FileSummary[], dead = 0): Promise<void> {
    this.adopt(dead, rows.length - dead);
    this.#isWhole = false;
    await this.#store.replace(this.path, Buffer.concat(rows.map(encodeSummary)));
    this.#isWhole = true;
  }

  /** Adds a sealed file; throws StoreError. Only while `isWhole`. */
  async append(summary: FileSummary): Promise<void> {
    this.#isWhole = false;
    this.#live++;
    const file = await this.#store.openAppend(this.path, 'any');
    try {
      await file.append([encodeSummary(summary)]);
    } finally {
      await file.close();
    }
    this.#isWhole = true;
  }

  /** Makes what was appended durable: needed before the last file is deleted, when nothing else knows where the log ended. */
  async sync(): Promise<void> {
    const file = await this.#store.openAppend(this.path, 'any');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#store.syncDirectory(this.path.slice(0, this.path.lastIndexOf('/')));
  }

  /** The oldest kept file is gone. */
  async shift(): Promise<void> {
    this.#dead++;
    this.#live--;
    if (!this.#isWhole || this.#dead < COMPACT_ROWS || this.#dead <= this.#live) return;
    const { rows } = await this.load();
    const kept = rows.slice(Math.min(this.#dead, rows.length - 1));
    await this.write(kept, kept.length - this.#live);
  }

  /** Rows `[from, to)` of the kept files, as far as they are there. */
  async read(from: number, to: number): Promise<FileSummary[]> {
    const file = await this.#store.openRead(this.path);
    try {
      const bytes = Buffer.allocUnsafe((to - from) * SUMMARY_BYTES);
      const readBytes = await file.read(bytes, (this.#dead + from) * SUMMARY_BYTES);
      const rows: FileSummary[] = [];
      for (let at = 0; at < readBytes; at += SUMMARY_BYTES) {
        const row = decodeSummary(bytes, at);
        if (row === undefined) break;
        rows.push(row);
      }
      return rows;
    } finally {
      await file.close();
    }
  }
}
