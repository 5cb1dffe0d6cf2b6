import type { RetentionLimits } from '../../fragments/log/retention.ts';
import type { StreamRecord } from '../catalog/catalog.ts';

const HOUR_MS = 3_600_000;
/** A fraction of an hour keeps at least what players that buffer much still ask for. */
const LIVE_VIEWING_MS = 60_000;
/** Retention 0: "5 minutes or 200 MB, whichever ends first" (kvs.md §1.2). */
const HOST_BUFFER_MS = 5 * 60_000;
const HOST_BUFFER_BYTES = 200_000_000;

/** A stream's retention as its log understands it. */
export function retentionLimits({ retentionHours, maxBytes }: StreamRecord): RetentionLimits {
  if (retentionHours === 0) {
    return { maxAgeMs: HOST_BUFFER_MS, maxBytes: Math.min(HOST_BUFFER_BYTES, maxBytes ?? HOST_BUFFER_BYTES) };
  }
  const maxAgeMs = retentionHours === null ? null : Math.max(LIVE_VIEWING_MS, retentionHours * HOUR_MS);
  return { maxAgeMs, maxBytes };
}
