import {
  type AppendFile,
  type ByteStore,
  type DiskSpace,
  type ReadableFile,
  StoreError,
} from './byte-store.ts';

/** Bytes of a move between two looks at whether it is still wanted. */
const COPY_BYTES = 1024 * 1024;

interface Move {
  isCancelled: boolean;
  readonly done: Promise<number | undefined>;
}

/**
 * Two stores as one: `hot`, where everything is written, and `warm`, where files may be moved that do not grow any more.
 *
 * While a file is in hot, that is the file, and what warm has of it may be a part. The copy in hot is deleted only when the one in
 * warm is whole and durable, so that there is no moment at which it is in neither, and whoever is killed on the way leaves nothing
 * to repair. Deletion begins in warm for the same reason: a part must never be left alone.
 */
export class TieredByteStore implements ByteStore {
  readonly hot: ByteStore;
  readonly warm: ByteStore;
  readonly #moves = new Map<string, Move>();
  /** Paths, and directories with `/` behind, that are being deleted. */
  readonly #deleting = new Set<string>();

  constructor(hot: ByteStore, warm: ByteStore) {
    this.hot = hot;
    this.warm = warm;
  }

  /** Is the file in hot? False for one that is in warm, and for one that is nowhere. Throws StoreError. */
  async isHot(path: string): Promise<boolean> {
    return exists(this.hot, path);
  }

  /**
   * Moves a file that nobody writes to any more. Answers its size, or `undefined` when there was nothing to move: it is not in
   * hot, it is deleted, or the move was cancelled. Throws StoreError; the file is then where it was.
   */
  moveToWarm(path: string): Promise<number | undefined> {
    const present = this.#moves.get(path);
    if (present !== undefined) return present.done;
    if (this.#isDeleting(path)) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const move = { isCancelled: false, done: promise };
    this.#moves.set(path, move);
    this.#move(path, move)
      .finally(() => this.#moves.delete(path))
      .then(resolve, reject);
    return promise;
  }

  #isDeleting(path: string): boolean {
    return this.#deleting.has(path) || this.#deleting.has(`${directoryOf(path)}/`);
  }

  async #move(path: string, move: Move): Promise<number | undefined> {
    let source: ReadableFile;
    try {
      source = await this.hot.openRead(path);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return undefined;
      throw error;
    }
    try {
      await this.#copy(path, source, move);
    } catch (error) {
      // It takes space that others may need.
      await this.warm.delete(path);
      throw error;
    } finally {
      await source.close();
    }
    if (move.isCancelled) return undefined;
    await this.hot.delete(path);
    return source.sizeBytes;
  }

  async #copy(path: string, source: ReadableFile, move: Move): Promise<void> {
    const directory = directoryOf(path);
    await this.warm.makeDirectory(directory);
    // What a move that was cut off has left.
    await this.warm.delete(path);
    const target = await this.warm.openAppend(path, 'new');
    try {
      const bytes = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, source.sizeBytes));
      for (let done = 0; done < source.sizeBytes && !move.isCancelled; ) {
        const readBytes = await source.read(
          bytes.subarray(0, Math.min(bytes.length, source.sizeBytes - done)),
          done,
        );
        if (readBytes === 0) throw new StoreError('io-error', `${path} ends early, at byte ${done}`);
        await target.append([bytes.subarray(0, readBytes)]);
        done += readBytes;
      }
      if (!move.isCancelled) await target.sync();
    } finally {
      await target.close();
    }
    if (!move.isCancelled) await this.warm.syncDirectory(directory);
  }

  /** Stops moves of paths that begin so; their files stay where they were. */
  async cancelMoves(prefix: string): Promise<void> {
    const cancelled: Promise<unknown>[] = [];
    for (const [path, move] of this.#moves) {
      if (!path.startsWith(prefix)) continue;
      move.isCancelled = true;
      cancelled.push(move.done);
    }
    // Failures are told to whoever moves.
    await Promise.allSettled(cancelled);
  }

  makeDirectory(path: string): Promise<void> {
    return this.hot.makeDirectory(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#withoutMoves(`${path}/`, async () => {
      await this.warm.removeDirectory(path);
      await this.hot.removeDirectory(path);
    });
  }

  /** Deletes what is at the prefix while nothing is moved there, and nothing begins to be. */
  async #withoutMoves(prefix: string, work: () => Promise<void>): Promise<void> {
    this.#deleting.add(prefix);
    try {
      await this.cancelMoves(prefix);
      await work();
    } finally {
      this.#deleting.delete(prefix);
    }
  }

  async list(path: string): Promise<string[]> {
    // In the direction in which files move, so that none is missed.
    const names = new Set(await this.hot.list(path));
    for (const name of await this.warm.list(path)) names.add(name);
    return [...names];
  }

  openAppend(path: string, mode: 'new' | 'any'): Promise<AppendFile> {
    return this.hot.openAppend(path, mode);
  }

  async openRead(path: string): Promise<ReadableFile> {
    try {
      return await this.hot.openRead(path);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'not-found') throw error;
      return this.warm.openRead(path);
    }
  }

  replace(path: string, bytes: Uint8Array): Promise<void> {
    return this.hot.replace(path, bytes);
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    const store = (await this.isHot(path)) ? this.hot : this.warm;
    await store.truncate(path, sizeBytes);
  }

  delete(path: string): Promise<void> {
    return this.#withoutMoves(path, async () => {
      await this.warm.delete(path);
      await this.hot.delete(path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.hot.syncDirectory(path);
  }

  /** Of hot, where all is written. */
  space(): Promise<DiskSpace> {
    return this.hot.space();
  }
}

async function exists(store: ByteStore, path: string): Promise<boolean> {
  try {
    const file = await store.openRead(path);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return false;
    throw error;
  }
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
