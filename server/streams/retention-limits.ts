import type { RetentionLimits } from '../../fragments/log/retention.ts';
import type { StreamRecord } from '../catalog/catalog.ts';

const HOUR_MS = 3_600_000;
/** Retention 0: what players that buffer much still ask for. */
const LIVE_VIEWING_MS = 60_000;

/** A stream's retention as its log understands it. */
export function retentionLimits({ retentionHours, maxBytes }: StreamRecord): RetentionLimits {
  const maxAgeMs = retentionHours === null ? null : Math.max(LIVE_VIEWING_MS, retentionHours * HOUR_MS);
  return { maxAgeMs, maxBytes };
}
