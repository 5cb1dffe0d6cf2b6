import { createHash } from 'node:crypto';
import type { InitSegment } from './fragment-log.ts';

/** Names an init segment by its bytes: equal bytes, equal id, and so one URL (FragmentInfo.initId). */
export function initSegmentOf(bytes: Uint8Array): InitSegment {
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}
