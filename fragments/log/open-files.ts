import { type ByteStore, type ReadableFile, StoreError } from './byte-store.ts';
import { LogReadError } from './log-error.ts';

interface Slot {
  readonly path: string;
  readonly opening: Promise<ReadableFile>;
  /** Counted before the file is open, so that nobody closes it under a borrower who waits. */
  users: number;
  /** The path was deleted: closed as soon as nobody reads it. */
  isDeleted: boolean;
  heldBytes: number;
}

/** A file lent for reading; its bytes stay readable until `release`, also when it is deleted meanwhile. */
export interface BorrowedFile {
  /** When it was opened: a file that grows may be larger by now. */
  readonly sizeBytes: number;
  /** Fills `target`; throws LogReadError `damaged` when the file is shorter, `io-error` when the disk fails. */
  read(target: Uint8Array, positionBytes: number): Promise<void>;
  /** Once. */
  release(): void;
}

/** Files open for reading, shared by all readers of a store, the idle ones bounded in number. */
export class OpenFiles {
  readonly #store: ByteStore;
  readonly #maxIdle: number;
  readonly #onCloseFailed: (path: string, error: unknown) => void;
  readonly #slots = new Map<string, Slot>();
  /** Those without users, in order of last use. */
  readonly #idle = new Map<string, Slot>();
  #heldBytes = 0;
  #openCount = 0;

  constructor(store: ByteStore, maxIdle: number, onCloseFailed: (path: string, error: unknown) => void) {
    this.#store = store;
    this.#maxIdle = maxIdle;
    this.#onCloseFailed = onCloseFailed;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Bytes of deleted files that still take space because they are being read. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Throws LogReadError: `gone` when there is no such file, `io-error`. */
  async borrow(path: string): Promise<BorrowedFile> {
    let slot = this.#slots.get(path);
    if (slot === undefined) {
      slot = { path, opening: this.#store.openRead(path), users: 0, isDeleted: false, heldBytes: 0 };
      this.#slots.set(path, slot);
      this.#openCount++;
    }
    slot.users++;
    this.#idle.delete(path);
    return this.#lend(slot, await this.#opened(slot));
  }

  async #opened(slot: Slot): Promise<ReadableFile> {
    try {
      return await slot.opening;
    } catch (cause) {
      slot.users--;
      if (slot.users === 0) this.#openCount--;
      if (this.#slots.get(slot.path) === slot) this.#slots.delete(slot.path);
      if (!(cause instanceof StoreError)) throw cause;
      const code = cause.code === 'not-found' ? 'gone' : 'io-error';
      throw new LogReadError(code, `${slot.path}: ${cause.message}`, { cause });
    }
  }

  #lend(slot: Slot, file: ReadableFile): BorrowedFile {
    let isReleased = false;
    return {
      sizeBytes: file.sizeBytes,
      read: (target, positionBytes) => readExactly(slot.path, file, target, positionBytes),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#release(slot);
      },
    };
  }

  #release(slot: Slot): void {
    slot.users--;
    if (slot.users > 0) return;
    if (slot.isDeleted) {
      this.#heldBytes -= slot.heldBytes;
      this.#close(slot);
      return;
    }
    this.#idle.set(slot.path, slot);
    for (const oldest of this.#idle.values()) {
      if (this.#idle.size <= this.#maxIdle) break;
      this.#idle.delete(oldest.path);
      this.#slots.delete(oldest.path);
      this.#close(oldest);
    }
  }

  /** The file at the path is being deleted: no new reader gets it, present ones finish. `sizeBytes` for the counter. */
  forget(path: string, sizeBytes: number): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    this.#idle.delete(path);
    slot.isDeleted = true;
    if (slot.users === 0) {
      this.#close(slot);
    } else {
      slot.heldBytes = sizeBytes;
      this.#heldBytes += sizeBytes;
    }
  }

  /** Closes what is idle. */
  async close(): Promise<void> {
    const idle = [...this.#idle.values()];
    this.#idle.clear();
    for (const slot of idle) {
      this.#slots.delete(slot.path);
      this.#openCount--;
      await (await slot.opening).close();
    }
  }

  #close(slot: Slot): void {
    this.#openCount--;
    slot.opening
      .then((file) => file.close())
      .catch((error: unknown) => this.#onCloseFailed(slot.path, error));
  }
}

async function readExactly(
  path: string,
  file: ReadableFile,
  target: Uint8Array,
  positionBytes: number,
): Promise<void> {
  let readBytes: number;
  try {
    readBytes = await file.read(target, positionBytes);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new LogReadError('io-error', `${path} at ${positionBytes}: ${detail}`, { cause });
  }
  if (readBytes === target.length) return;
  const missing = `${target.length - readBytes} of ${target.length} bytes at ${positionBytes} are missing`;
  throw new LogReadError('damaged', `${path}: ${missing}`);
}
