import { readEndMark } from './end-mark.ts';
import { RECORD_EXTENSION, type RecordFile, recordFilesOf } from './record-file.ts';
import type { RecordLogOptions } from './record-log-options.ts';
import { type ScannedFile, scanRecordFile } from './record-scan.ts';

/** A shard's directory, put in order. */
export interface RecoveredRecords {
  /** Oldest first. */
  readonly files: RecordFile[];
  readonly nextOrdinal: number;
  /** Of the last record; 0 when there never was one. */
  readonly lastArrivalMs: number;
}

type RecoveryOptions = Pick<RecordLogOptions, 'directory' | 'store' | 'onEvent'>;

/**
 * Opens a shard's directory. A writer makes a file durable before it begins the next, so all but the last are whole; the
 * last is read with its checksums and its torn tail cut. It is never continued. Throws StoreError, LogReadError.
 */
export async function recoverRecords(options: RecoveryOptions): Promise<RecoveredRecords> {
  const { directory, store } = options;
  const names = await store.list(directory);
  const files = recordFilesOf(names);
  await removeLeftovers(options, names, files);
  const mark = await readEndMark(store, directory);
  let nextOrdinal = mark?.nextOrdinal ?? 0;
  for (let last = files.at(-1); last !== undefined; last = files.at(-1)) {
    nextOrdinal = Math.max(nextOrdinal, last.firstOrdinal);
    const scanned = await putInOrder(options, last);
    if (scanned.records > 0) {
      nextOrdinal = Math.max(nextOrdinal, scanned.lastOrdinal + 1);
      return { files, nextOrdinal, lastArrivalMs: scanned.lastArrivalMs };
    }
    await deleteFile(options, last.name);
    files.pop();
  }
  return { files, nextOrdinal, lastArrivalMs: mark?.lastArrivalMs ?? 0 };
}

async function putInOrder(
  { directory, store, onEvent }: RecoveryOptions,
  file: RecordFile,
): Promise<ScannedFile> {
  const path = `${directory}/${file.name}${RECORD_EXTENSION}`;
  const readable = await store.openRead(path);
  try {
    const scanned = await scanRecordFile(async (target, positionBytes) => {
      await readable.read(target, positionBytes);
    }, readable.sizeBytes);
    if (scanned.goodBytes < readable.sizeBytes) {
      onEvent({
        type: 'torn-tail',
        file: path,
        startBytes: scanned.goodBytes,
        endBytes: readable.sizeBytes,
      });
      if (scanned.records > 0) await store.truncate(path, scanned.goodBytes);
    }
    // The bytes may have been written and never synced: from now on they are counted on.
    if (scanned.records > 0) {
      const writable = await store.openAppend(path, 'any');
      try {
        await writable.sync();
      } finally {
        await writable.close();
      }
      await store.syncDirectory(directory);
      await store.replace(`${directory}/${file.name}.idx`, scanned.index.encode());
    }
    return scanned;
  } finally {
    await readable.close();
  }
}

/** Removes indexes without their file, and half-made ones. */
async function removeLeftovers(
  { directory, store }: RecoveryOptions,
  names: readonly string[],
  files: readonly RecordFile[],
): Promise<void> {
  const known = new Set(files.map(({ name }) => name));
  for (const name of names) {
    const isStray = name.endsWith('.new') || (name.endsWith('.idx') && !known.has(name.slice(0, -4)));
    if (isStray) await store.delete(`${directory}/${name}`);
  }
}

async function deleteFile({ directory, store }: RecoveryOptions, name: string): Promise<void> {
  await store.delete(`${directory}/${name}${RECORD_EXTENSION}`);
  await store.delete(`${directory}/${name}.idx`);
}
