import { readWhole, StoreError } from '../log/byte-store.ts';
import type { FileKey, FileSummary } from '../log/file-summary.ts';
import { LogReadError } from '../log/log-error.ts';
import { FragmentIndex, MAX_INDEX_BYTES, summarize } from './fragment-index.ts';
import type { LogEnd } from './fragment-log.ts';
import { scanLogFile } from './log-scan.ts';
import {
  EXTENSION,
  fileNameOf,
  keyOfFileName,
  StoredFiles,
  type StoredFilesOptions,
  scanForIndex,
} from './stored-files.ts';

const INDEX_FILE = /^[0-9]{47}\.idx$/;

/** A stream's directory, put in order. */
export interface RecoveredLog {
  readonly files: StoredFiles;
  readonly end: LogEnd;
}

/**
 * Opens a stream's directory. Files that the manifest knows were sealed after their bytes were durable and are trusted.
 * The newest file, when it is not among them, was being written: it is verified, its torn tail cut, and it is sealed.
 * It is never continued: a server's next session starts a new run anyway, and a file that was once looked over stays
 * as it is. A writer makes a sealed file durable before it begins the next, so other files that the manifest does not
 * know (it is lost or damaged) are taken in by their index. Throws StoreError.
 */
export async function recoverLog(options: StoredFilesOptions): Promise<RecoveredLog> {
  const { store, directory, manifest } = options;
  await store.makeDirectory(directory);
  const names = await store.list(directory);
  const present = names.filter((name) => keyOfFileName(name) !== undefined).sort();
  await removeLeftovers(options, names);
  const { rows, isIntact } = await manifest.load();
  const known = new Map(rows.map((row) => [fileNameOf(row.key) + EXTENSION, row]));
  const summaries: FileSummary[] = [];
  const taken: string[] = [];
  for (const name of present) {
    const row = known.get(name);
    const summary = row ?? (await takeIn(options, name, name === present.at(-1)));
    if (summary === undefined) continue;
    summaries.push(summary);
    if (row === undefined) taken.push(name);
  }
  await bringManifestUpToDate(options, rows, isIntact, summaries, taken);
  const files = new StoredFiles(options);
  for (const summary of summaries) files.adopt(summary);
  // The last file may have been deleted by retention: its row is there still.
  const last = summaries.at(-1) ?? rows.at(-1);
  return {
    files,
    end: {
      nextOrdinal: last === undefined ? 0 : last.lastOrdinal + 1,
      nextRun: last === undefined ? 0 : last.lastRun + 1,
      lastSequence: last?.lastSequence ?? 0,
    },
  };
}

/** Indexes without file (a deletion was cut off) and files that were not put in place. */
async function removeLeftovers(options: StoredFilesOptions, names: readonly string[]): Promise<void> {
  const present = new Set(names);
  for (const name of names) {
    const isOrphan = INDEX_FILE.test(name) && !present.has(name.replace('.idx', EXTENSION));
    if (isOrphan || name.endsWith('.new')) await options.store.delete(`${options.directory}/${name}`);
  }
}

/** A file that the manifest does not know; `undefined` when there is nothing good in it. */
async function takeIn(
  options: StoredFilesOptions,
  name: string,
  isNewest: boolean,
): Promise<FileSummary | undefined> {
  const { store, directory, stream, onEvent } = options;
  const path = `${directory}/${name.slice(0, -EXTENSION.length)}`;
  const key = keyOfFileName(name);
  if (key === undefined) return undefined;
  if (isNewest) return recoverActive(options, name, key, path);
  try {
    const index = FragmentIndex.parse(await readWhole(store, `${path}.idx`, MAX_INDEX_BYTES));
    if (index !== undefined) return summarize(index, key, index.endBytes);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
  try {
    const index = await scanForIndex(store, path);
    await store.replace(`${path}.idx`, index.bytes);
    onEvent({ type: 'rebuilt', stream, file: `${name}.idx`, reason: 'the index was missing or damaged' });
    return summarize(index, key, index.endBytes);
  } catch (error) {
    if (!(error instanceof LogReadError) || error.code !== 'damaged') throw error;
    // Nothing good in it, but it is not ours to throw away.
    onEvent({ type: 'damaged', stream, file: name, startBytes: 0, endBytes: 0, reason: error.message });
    return undefined;
  }
}

/** The file that was being written when the process ended. */
async function recoverActive(
  options: StoredFilesOptions,
  name: string,
  key: FileKey,
  path: string,
): Promise<FileSummary | undefined> {
  const { store, stream, onEvent } = options;
  const file = await store.openRead(`${path}${EXTENSION}`);
  const { sizeBytes } = file;
  const scan = await scanLogFile(file).finally(() => file.close());
  for (const range of scan.damaged) onEvent({ type: 'damaged', stream, file: name, ...range });
  if (scan.isInitDamaged) {
    onEvent({
      type: 'damaged',
      stream,
      file: name,
      startBytes: 0,
      endBytes: scan.index?.headBytes ?? 0,
      reason: 'the init segment is damaged',
    });
  }
  if (scan.isTooNew) {
    throw new StoreError(
      'io-error',
      `${path}${EXTENSION} was written by a newer version; nothing was changed`,
    );
  }
  if (scan.goodBytes < sizeBytes) {
    const reason = scan.tornReason ?? '';
    onEvent({
      type: 'torn-tail',
      stream,
      file: name,
      startBytes: scan.goodBytes,
      endBytes: sizeBytes,
      reason,
    });
  }
  if (scan.index === undefined) {
    await store.delete(`${path}${EXTENSION}`);
    await store.delete(`${path}.idx`);
    return undefined;
  }
  if (scan.goodBytes < sizeBytes) await store.truncate(`${path}${EXTENSION}`, scan.goodBytes);
  await store.replace(`${path}.idx`, scan.index.bytes);
  return summarize(scan.index, key, scan.goodBytes);
}

async function bringManifestUpToDate(
  options: StoredFilesOptions,
  rows: readonly FileSummary[],
  isIntact: boolean,
  summaries: readonly FileSummary[],
  taken: readonly string[],
): Promise<void> {
  const { manifest, stream, onEvent } = options;
  const live = summaries.length - taken.length;
  const dead = rows.length - live;
  // The usual case: the files that are gone are the oldest, and at most the one that was active is new.
  const isTail = taken.length === 0 || (taken.length === 1 && taken[0] === nameOfLast(summaries));
  const firstLive = summaries[0];
  const rowOfFirst = rows[dead];
  const isPrefix =
    live === 0 ||
    (firstLive !== undefined &&
      rowOfFirst !== undefined &&
      rowOfFirst.firstOrdinal === firstLive.firstOrdinal);
  try {
    if (isIntact && isTail && isPrefix) {
      manifest.adopt(dead, live);
      const added = taken.length === 1 ? summaries.at(-1) : undefined;
      if (added !== undefined) await manifest.append(added);
      return;
    }
    onEvent({
      type: 'rebuilt',
      stream,
      file: 'manifest',
      reason: isIntact ? 'it did not match the files' : 'it was damaged',
    });
    const lastRow = rows.at(-1);
    if (summaries.length > 0 || lastRow === undefined) await manifest.write(summaries);
    else await manifest.write([lastRow], 1);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    onEvent({ type: 'index-failed', stream, file: 'manifest', reason: error.message });
  }
}

function nameOfLast(summaries: readonly FileSummary[]): string | undefined {
  const last = summaries.at(-1);
  return last === undefined ? undefined : fileNameOf(last.key) + EXTENSION;
}
