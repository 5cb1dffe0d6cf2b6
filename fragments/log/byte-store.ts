/**
 * Where the bytes of logs lie (design.md §7: fragment bytes behind a small interface). Paths are relative, with `/`.
 * The local disk is local-byte-store.ts; tests put a fault-injecting one in its place.
 */

export type StoreErrorCode = 'not-found' | 'already-exists' | 'disk-full' | 'io-error';

/** An operation of a ByteStore failed; `cause` is the engine's own error. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** A file that only grows. One owner, one operation at a time, except that `sync` may run beside an `append`. */
export interface AppendFile {
  /** Writes all the bytes at the end. When it throws, any part of them may have been written. */
  append(buffers: readonly Uint8Array[]): Promise<void>;
  /** Cuts the file, to remove a torn tail. */
  truncate(sizeBytes: number): Promise<void>;
  /** Resolves when the bytes appended before the call are durable (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file open for reading; stays readable after `delete` of its path. */
export interface ReadableFile {
  /** When it was opened. */
  readonly sizeBytes: number;
  /** Fills `target` from `positionBytes` on; answers the bytes read, fewer than asked only at the end of the file. */
  read(target: Uint8Array, positionBytes: number): Promise<number>;
  close(): Promise<void>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** All methods throw StoreError. */
export interface ByteStore {
  /** With its parents; durable. */
  makeDirectory(path: string): Promise<void>;
  /** With all that is in it; nothing happens when there is none. */
  removeDirectory(path: string): Promise<void>;
  /** Names in a directory, unsorted; `[]` when there is none. */
  list(path: string): Promise<string[]>;
  /** `new`: throws `already-exists`; `any`: creates it when missing. A new name is durable after `syncDirectory`. */
  openAppend(path: string, mode: 'new' | 'any'): Promise<AppendFile>;
  openRead(path: string): Promise<ReadableFile>;
  /** Puts a file in place as a whole: readers see the old or the new bytes, also after a crash. Durable. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Cuts a file that is not open for appending. Durable. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  /** Nothing happens when there is none. */
  delete(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  space(): Promise<DiskSpace>;
}

/** The whole file; throws StoreError `io-error` when it is larger than `maxBytes`. */
export async function readWhole(store: ByteStore, path: string, maxBytes: number): Promise<Buffer> {
  const file = await store.openRead(path);
  try {
    if (file.sizeBytes > maxBytes) {
      throw new StoreError('io-error', `${path} has ${file.sizeBytes} bytes, more than ${maxBytes}`);
    }
    const bytes = Buffer.allocUnsafeSlow(file.sizeBytes);
    const readBytes = await file.read(bytes, 0);
    return bytes.subarray(0, readBytes);
  } finally {
    await file.close();
  }
}
