import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Ties a warm directory to its data directory: each holds a mark with the same id. A warm directory that is not there (not mounted,
 * forgotten in the configuration) would look like media that was deleted, and one that belongs to another server like media of ours.
 */

const HOT_MARK = 'warm-directory.json';
const WARM_MARK = 'framelog-warm.json';

/** The warm directory is not the one that belongs to the data directory; the message tells the operator what to do. */
export class WarmDirectoryError extends Error {
  readonly code = 'warm-directory';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WarmDirectoryError';
  }
}

interface Mark {
  readonly id: string;
  /** Where the other of the two was last. */
  readonly path: string;
}

/** Where the warm directory of a data directory was last; `undefined` when it has none. Throws WarmDirectoryError. */
export function recordedWarmDirectory(dataDir: string): string | undefined {
  return readMark(join(dataDir, HOT_MARK))?.path;
}

/**
 * Makes sure that `warmDirectory` (`undefined`: none is configured) belongs to the data directory, and ties a new one to it.
 * Throws WarmDirectoryError; nothing has changed then.
 */
export function claimWarmDirectory(dataDir: string, warmDirectory: string | undefined): void {
  const hotMark = join(dataDir, HOT_MARK);
  const known = readMark(hotMark);
  if (warmDirectory === undefined) {
    if (known === undefined) return;
    throw new WarmDirectoryError(
      `files of warm streams lie in ${known.path}: set log.warmDirectory to it, or delete ${hotMark} to go on without them`,
    );
  }
  const path = resolve(warmDirectory);
  const warmMark = join(path, WARM_MARK);
  const mark = readMark(warmMark);
  if (known !== undefined && mark?.id !== known.id) {
    throw new WarmDirectoryError(
      `${path} is not the warm directory of ${dataDir}, which was last at ${known.path}: is it mounted?`,
    );
  }
  // The same path, and no mark here: the server was killed between the two.
  if (known === undefined && mark !== undefined && mark.path !== resolve(dataDir)) {
    throw new WarmDirectoryError(`${path} is the warm directory of ${mark.path}`);
  }
  const id = known?.id ?? mark?.id ?? randomUUID();
  mkdirSync(path, { recursive: true, mode: 0o750 });
  if (mark === undefined) writeMark(warmMark, { id, path: resolve(dataDir) });
  // Last: the data directory names only what is marked.
  if (known?.path !== path) writeMark(hotMark, { id, path });
}

function readMark(path: string): Mark | undefined {
  try {
    const mark: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isMark(mark)) return mark;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new WarmDirectoryError(`${path} cannot be read: ${String(cause)}`, { cause });
  }
  throw new WarmDirectoryError(`${path} is damaged`);
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== 'object' || value === null || !('id' in value && 'path' in value)) return false;
  return typeof value.id === 'string' && typeof value.path === 'string';
}

/** In one piece: a half-written mark would keep the server from starting. */
function writeMark(path: string, mark: Mark): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(mark)}\n`);
  renameSync(`${path}.new`, path);
}
