import type { Recognition } from '../access/access.ts';
import type { FragmentEvent } from '../streams/stream-service.ts';

/** Counts of what happened to fragments and at the access check, for the metrics. Numbers only grow. */
export interface EventCounters {
  readonly fragments: Record<FragmentEvent['type'], number>;
  /** Bytes of persisted fragments. */
  persistedBytes: number;
  /** Fragments lost, by the code of the log's error. */
  readonly lostFragments: Record<string, number>;
  readonly accessRefusals: Record<Extract<Recognition, { ok: false }>['reason'], number>;
}

export function createEventCounters(): EventCounters {
  return {
    fragments: { received: 0, persisted: 0, lost: 0 },
    persistedBytes: 0,
    lostFragments: {},
    accessRefusals: { 'no-credentials': 0, invalid: 0, expired: 0, 'rate-limited': 0 },
  };
}

/** Counts a fragment event. */
export function countFragment(counters: EventCounters, event: FragmentEvent): void {
  counters.fragments[event.type]++;
  if (event.type === 'persisted') counters.persistedBytes += event.sizeBytes;
  if (event.type === 'lost') {
    const reason = event.reason ?? 'unknown';
    counters.lostFragments[reason] = (counters.lostFragments[reason] ?? 0) + 1;
  }
}
