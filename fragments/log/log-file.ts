import { type AppendFile, type ByteStore, StoreError } from './byte-store.ts';
import { LogWriteError } from './log-error.ts';
import type { SyncTarget } from './sync-group.ts';

interface Waiter {
  readonly endBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: LogWriteError) => void;
}

/** The file at the end of a log: appends, removes its own torn tails, and knows which bytes are durable. */
export class LogFile implements SyncTarget {
  readonly name: string;
  readonly #store: ByteStore;
  readonly #directory: string;
  readonly #file: AppendFile;
  readonly #waiters: Waiter[] = [];
  #sizeBytes = 0;
  #syncedBytes = 0;
  #nameIsDurable = false;
  #failure: LogWriteError | undefined;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  private constructor(store: ByteStore, directory: string, name: string, file: AppendFile) {
    this.#store = store;
    this.#directory = directory;
    this.name = name;
    this.#file = file;
  }

  /** Begins a file with its first bytes; leaves none behind when that fails. Throws StoreError. */
  static async create(
    store: ByteStore,
    directory: string,
    name: string,
    head: readonly Uint8Array[],
  ): Promise<LogFile> {
    const path = `${directory}/${name}`;
    const file = new LogFile(store, directory, name, await store.openAppend(path, 'new'));
    try {
      await file.append(head);
      return file;
    } catch (error) {
      await file.close();
      await store.delete(path);
      throw error;
    }
  }

  /** Good bytes written. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** Set once the file cannot be trusted any more: nothing is appended to it from then on. */
  get failure(): LogWriteError | undefined {
    return this.#failure;
  }

  /** Appends all or nothing. Throws StoreError; look at `failure` whether the file can go on. */
  async append(buffers: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#file.append(buffers);
    } catch (error) {
      await this.#cutTornTail();
      throw error;
    }
    for (const buffer of buffers) this.#sizeBytes += buffer.length;
  }

  async #cutTornTail(): Promise<void> {
    try {
      await this.#file.truncate(this.#sizeBytes);
    } catch (cause) {
      this.#fail('a torn tail could not be removed', cause);
    }
  }

  /** Resolves when all that is written now is durable; rejects with LogWriteError when it never will be. */
  durable(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#syncedBytes === this.#sizeBytes) return Promise.resolve();
    return new Promise((resolve, reject) =>
      this.#waiters.push({ endBytes: this.#sizeBytes, resolve, reject }),
    );
  }

  /** One sync at a time; calls made while one runs share the next. */
  sync(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#syncOnce().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      return this.sync();
    });
    return this.#queued;
  }

  async #syncOnce(): Promise<void> {
    const endBytes = this.#sizeBytes;
    if (this.#failure !== undefined || endBytes === this.#syncedBytes) return;
    try {
      await this.#file.sync();
      if (!this.#nameIsDurable) await this.#store.syncDirectory(this.#directory);
    } catch (cause) {
      // A second fdatasync may answer success although the kernel has dropped the dirty pages of the first (Linux
      // marks them clean after an error): nothing but a new file can be trusted.
      this.#fail('the sync failed', cause);
      return;
    }
    this.#nameIsDurable = true;
    this.#syncedBytes = Math.max(this.#syncedBytes, endBytes);
    this.#settle(endBytes);
  }

  settleUnsynced(): void {
    this.#settle(this.#sizeBytes);
  }

  #settle(endBytes: number): void {
    let count = 0;
    for (const waiter of this.#waiters) {
      if (waiter.endBytes > endBytes) break;
      waiter.resolve();
      count++;
    }
    this.#waiters.splice(0, count);
  }

  #fail(message: string, cause: unknown): void {
    const detail = cause instanceof Error ? cause.message : String(cause);
    // Delayed allocation may find the disk full only when the pages are written.
    const code = cause instanceof StoreError && cause.code === 'disk-full' ? 'disk-full' : 'io-error';
    this.#failure = new LogWriteError(code, `${this.name}: ${message}: ${detail}`, { cause });
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }

  /** Cuts an abandoned file back to its durable bytes; answers whether that worked. */
  async cutToSynced(): Promise<boolean> {
    try {
      await this.#file.truncate(this.#syncedBytes);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#file.close();
  }
}
