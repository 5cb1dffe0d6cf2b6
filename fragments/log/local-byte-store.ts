import fs from 'node:fs';
import { join } from 'node:path';
import {
  type AppendFile,
  type ByteStore,
  type DiskSpace,
  type ReadableFile,
  StoreError,
  type StoreErrorCode,
} from './byte-store.ts';
import { type IoLanes, makeIoLanes } from './io-lane.ts';

/** writev takes at most IOV_MAX buffers: 1024 on Linux, macOS and the BSDs. */
const IOV_MAX = 1024;
/** write(2): "at most 0x7ffff000 bytes"; a read is cut the same way. */
const MAX_READ_BYTES = 0x4000_0000;

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'already-exists',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
};

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Promise of a callback-style call; numbers for descriptors, because a FileHandle costs more than the call. */
function call<T>(what: string, start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null || error === undefined) resolve(value);
      else
        reject(
          new StoreError(CODES[error.code ?? ''] ?? 'io-error', `${what}: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
}

/** The local disk under one root directory, its concurrency bounded by lanes. */
export class LocalByteStore implements ByteStore {
  readonly root: string;
  readonly #lanes: IoLanes;

  constructor(root: string, lanes: IoLanes = makeIoLanes()) {
    this.root = root;
    this.#lanes = lanes;
  }

  async makeDirectory(path: string): Promise<void> {
    const first = await this.#lanes.writes.run(() =>
      call<string | undefined>('mkdir', (done) => fs.mkdir(this.#at(path), { recursive: true }, done)),
    );
    if (first === undefined) return;
    // Every new name is an entry of its parent, and that is what must be durable.
    let parent = path;
    while (parent !== '' && this.#at(parent).length >= first.length) {
      parent = parent.slice(0, Math.max(0, parent.lastIndexOf('/')));
      await this.syncDirectory(parent);
    }
  }

  async removeDirectory(path: string): Promise<void> {
    await this.#lanes.writes.run(() =>
      call<void>('remove', (done) =>
        fs.rm(this.#at(path), { recursive: true, force: true }, (error) => done(error, undefined)),
      ),
    );
    try {
      await this.syncDirectory(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    } catch (error) {
      // No parent: there was no directory to remove.
      if (!(error instanceof StoreError) || error.code !== 'not-found') throw error;
    }
  }

  async list(path: string): Promise<string[]> {
    try {
      return await this.#lanes.reads.run(() =>
        call<string[]>('list', (done) => fs.readdir(this.#at(path), done)),
      );
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return [];
      throw error;
    }
  }

  async openAppend(path: string, mode: 'new' | 'any'): Promise<AppendFile> {
    const flags = mode === 'new' ? 'ax' : 'a';
    const fd = await this.#lanes.writes.run(() =>
      call<number>('open', (done) => fs.open(this.#at(path), flags, 0o640, done)),
    );
    return new LocalAppendFile(fd, this.#lanes);
  }

  async openRead(path: string): Promise<ReadableFile> {
    return this.#lanes.reads.run(async () => {
      const fd = await call<number>('open', (done) => fs.open(this.#at(path), 'r', done));
      const stat = await call<fs.Stats>('stat', (done) => fs.fstat(fd, done));
      return new LocalReadableFile(fd, stat.size, this.#lanes);
    });
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.new`;
    await this.delete(temporary);
    const file = await this.openAppend(temporary, 'new');
    try {
      await file.append([bytes]);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#lanes.writes.run(() =>
      call<void>('rename', (done) =>
        fs.rename(this.#at(temporary), this.#at(path), (error) => done(error, undefined)),
      ),
    );
    await this.syncDirectory(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    const file = await this.openAppend(path, 'any');
    try {
      await file.truncate(sizeBytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async delete(path: string): Promise<void> {
    try {
      await this.#lanes.writes.run(() =>
        call<void>('delete', (done) => fs.unlink(this.#at(path), (error) => done(error, undefined))),
      );
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return;
      throw error;
    }
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows has no handle on a directory that can be flushed; NTFS journals the names by itself.
    if (process.platform === 'win32') return;
    await this.#lanes.syncs.run(async () => {
      const fd = await call<number>('open directory', (done) => fs.open(this.#at(path), 'r', done));
      try {
        await call<void>('sync directory', (done) => fs.fsync(fd, (error) => done(error, undefined)));
      } finally {
        await call<void>('close', (done) => fs.close(fd, (error) => done(error ?? null, undefined)));
      }
    });
  }

  async space(): Promise<DiskSpace> {
    const stat = await this.#lanes.reads.run(() =>
      call<fs.StatsFs>('statfs', (done) => fs.statfs(this.root, done)),
    );
    return { freeBytes: stat.bavail * stat.bsize, totalBytes: stat.blocks * stat.bsize };
  }

  #at(path: string): string {
    return join(this.root, path);
  }
}

class LocalAppendFile implements AppendFile {
  readonly #fd: number;
  readonly #lanes: IoLanes;

  constructor(fd: number, lanes: IoLanes) {
    this.#fd = fd;
    this.#lanes = lanes;
  }

  async append(buffers: readonly Uint8Array[]): Promise<void> {
    for (let from = 0; from < buffers.length; from += IOV_MAX) {
      let batch = buffers.slice(from, from + IOV_MAX);
      while (batch.length > 0) {
        const written = await this.#lanes.writes.run(() =>
          call<number>('write', (done) => fs.writev(this.#fd, batch, null, done)),
        );
        batch = afterBytes(batch, written);
      }
    }
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#lanes.writes.run(() =>
      call<void>('truncate', (done) => fs.ftruncate(this.#fd, sizeBytes, (error) => done(error, undefined))),
    );
  }

  async sync(): Promise<void> {
    await this.#lanes.syncs.run(() =>
      call<void>('sync', (done) => fs.fdatasync(this.#fd, (error) => done(error, undefined))),
    );
  }

  close(): Promise<void> {
    return call<void>('close', (done) => fs.close(this.#fd, (error) => done(error ?? null, undefined)));
  }
}

/** What is left of `buffers` when their first `written` bytes went out: write(2) may take fewer than it was given. */
function afterBytes(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  for (const [at, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(at + 1)];
    left -= buffer.length;
  }
  return [];
}

class LocalReadableFile implements ReadableFile {
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #lanes: IoLanes;

  constructor(fd: number, sizeBytes: number, lanes: IoLanes) {
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
    this.#lanes = lanes;
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const wanted = Math.min(target.length - done, MAX_READ_BYTES);
      const got = await this.#lanes.reads.run(() =>
        call<number>('read', (end) => fs.read(this.#fd, target, done, wanted, positionBytes + done, end)),
      );
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  close(): Promise<void> {
    return call<void>('close', (done) => fs.close(this.#fd, (error) => done(error ?? null, undefined)));
  }
}
