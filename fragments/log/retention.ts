import type { ByteStore } from './byte-store.ts';

/** What a log keeps. `null`: no bound but the disk's. */
export interface RetentionLimits {
  readonly maxAgeMs: number | null;
  readonly maxBytes: number | null;
}

export const KEEP_ALL: RetentionLimits = { maxAgeMs: null, maxBytes: null };

export type DeletionReason = 'age' | 'stream-bytes' | 'disk-reserve' | 'disk-full';

/** The side of a log that retention sees. */
export interface RetainedLog {
  readonly sizeBytes: number;
  /** Server time of the oldest sealed file's first entry; `undefined` when none is sealed. */
  readonly oldestServerMs: number | undefined;
  /** Paths of the oldest and the newest sealed file. */
  readonly oldestFile: string | undefined;
  readonly newestFile: string | undefined;
  /** Seals the open file when nothing was appended for so long that its time is up: only sealed files are deleted. */
  sealIfDue(nowMs: number): Promise<void>;
  /** Deletes sealed files whose last entry is older; answers bytes freed. */
  deleteBefore(serverMs: number, reason: DeletionReason): Promise<number>;
  /** Deletes the oldest sealed file; 0 when none is sealed. */
  deleteOldest(reason: DeletionReason): Promise<number>;
}

/** Free space is reserved up to this share of a small disk. */
const MAX_RESERVE_SHARE = 0.1;

/** Deletes what a log keeps too long or too much of, by server time only: a producer's clock may say anything. */
export async function applyLimits(log: RetainedLog, limits: RetentionLimits, nowMs: number): Promise<void> {
  await log.sealIfDue(nowMs);
  if (limits.maxAgeMs !== null) await log.deleteBefore(nowMs - limits.maxAgeMs, 'age');
  while (limits.maxBytes !== null && log.sizeBytes > limits.maxBytes) {
    if ((await log.deleteOldest('stream-bytes')) === 0) return;
  }
}

/** How many bytes are missing to the reserve. */
export async function missingToReserve(store: ByteStore, reserveBytes: number): Promise<number> {
  const { freeBytes, totalBytes } = await store.space();
  return Math.max(0, Math.min(reserveBytes, totalBytes * MAX_RESERVE_SHARE) - freeBytes);
}

/** Is the file in the store that is short of space? */
export type IsHere = (path: string) => Promise<boolean>;

/**
 * Deletes the oldest sealed files of all logs until about `wantedBytes` are freed; answers bytes freed. Logs whose oldest file lies
 * in another store (`isHere`) are passed over.
 */
export async function freeSpace(
  logs: Iterable<RetainedLog>,
  wantedBytes: number,
  reason: 'disk-reserve' | 'disk-full',
  isHere: IsHere = async () => true,
): Promise<number> {
  const candidates = new Set(logs);
  let freedBytes = 0;
  while (freedBytes < wantedBytes) {
    const oldest = takeOldest(candidates);
    if (oldest === undefined) break;
    const { oldestFile } = oldest;
    if (oldestFile === undefined || !(await isHere(oldestFile))) continue;
    const bytes = await oldest.deleteOldest(reason);
    // Somebody else deleted it in the meantime, or it cannot be deleted: try the others.
    if (bytes > 0) candidates.add(oldest);
    freedBytes += bytes;
  }
  return freedBytes;
}

/** Takes the log with the oldest sealed file out of the set; logs without one go too. */
function takeOldest(candidates: Set<RetainedLog>): RetainedLog | undefined {
  let oldest: RetainedLog | undefined;
  for (const log of candidates) {
    const atMs = log.oldestServerMs;
    if (atMs === undefined) candidates.delete(log);
    else if (oldest?.oldestServerMs === undefined || atMs < oldest.oldestServerMs) oldest = log;
  }
  if (oldest !== undefined) candidates.delete(oldest);
  return oldest;
}

/**
 * Of logs whose newest sealed file is here and whose oldest are elsewhere: deletes those elsewhere, so that `freeSpace` gets at what
 * is here. A log is only ever shortened at its old end. One log a call, the one with the oldest; answers whether there was one.
 */
export async function uncover(
  logs: Iterable<RetainedLog>,
  reason: 'disk-reserve' | 'disk-full',
  isHere: IsHere,
): Promise<boolean> {
  const candidates = new Set(logs);
  for (let log = takeOldest(candidates); log !== undefined; log = takeOldest(candidates)) {
    const { newestFile } = log;
    if (newestFile === undefined || !(await isHere(newestFile))) continue;
    for (;;) {
      const { oldestFile } = log;
      if (oldestFile === undefined || (await isHere(oldestFile))) break;
      if ((await log.deleteOldest(reason)) === 0) break;
    }
    return true;
  }
  return false;
}
