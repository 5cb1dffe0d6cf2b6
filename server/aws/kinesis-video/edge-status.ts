import type { EdgeConfiguration } from '../../catalog/configuration-catalog.ts';

/**
 * Where the configuration of an edge device has got to (kvs.md §1.5). There is no device that would acknowledge one, so it
 * waits for its time and fails then: no timers, the status follows from the time that has passed.
 */

/** "If the device does not acknowledge within 15 minutes, the status becomes SYNC_FAILED." */
const DEVICE_TIME_MS = 15 * 60_000;

/** Statuses that need no device; ACKNOWLEDGED, IN_SYNC and DELETING_ACKNOWLEDGED are a device's to report. */
export type EdgeStatus = 'SYNCING' | 'SYNC_FAILED' | 'DELETING' | 'DELETE_FAILED';

export function edgeStatusAt({ wish, updatedMs }: EdgeConfiguration, nowMs: number): EdgeStatus {
  const isOver = nowMs - updatedMs >= DEVICE_TIME_MS;
  if (wish === 'sync') return isOver ? 'SYNC_FAILED' : 'SYNCING';
  return isOver ? 'DELETE_FAILED' : 'DELETING';
}

/** Why it failed; `undefined` for what has not. */
export function edgeFailure(status: EdgeStatus): string | undefined {
  if (status !== 'SYNC_FAILED' && status !== 'DELETE_FAILED') return undefined;
  return 'The edge agent did not acknowledge the configuration within 15 minutes.';
}
