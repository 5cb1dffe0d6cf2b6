import type { Registry } from 'prom-client';
import type { GroupTotals } from '../records/groups/consumer-group.ts';
import { Instruments } from './instruments.ts';

/** What is read of consumer groups when metrics are scraped. */
export interface GroupSource {
  readonly totals: GroupTotals;
  levels(nowMs: number): { readonly groups: number; readonly workers: number; readonly leases: number };
}

/** Puts the metrics of consumer groups into the server's registry. */
export function createGroupMetrics(registry: Registry, groups: GroupSource, now: () => number): void {
  const to = new Instruments(registry);
  to.level(
    'framelog_consumer_groups',
    'Consumer groups of data streams that were asked for since the start.',
    () => groups.levels(now()).groups,
  );
  to.level(
    'framelog_consumer_group_workers',
    'Workers of consumer groups that are alive.',
    () => groups.levels(now()).workers,
  );
  to.level(
    'framelog_consumer_group_leases',
    'Shards that workers of consumer groups hold.',
    () => groups.levels(now()).leases,
  );
  to.countBy(
    'framelog_consumer_group_events_total',
    'What happened in consumer groups: workers joined and expired (silent for too long), leases granted and moved (given up for balance), ' +
      'checkpoints set and refused (the lease was lost).',
    'event',
    () => ({ ...groups.totals }),
  );
}
