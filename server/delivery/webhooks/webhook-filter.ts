import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { matchesPattern } from '../../access/rights.ts';
import type { WebhookFilter } from '../../catalog/webhook-catalog.ts';
import { isOfArchive } from '../../detection/watch-names.ts';

/** Is a webhook with this filter told of the event? */
export function passesFilter(filter: WebhookFilter, event: DetectionEvent): boolean {
  const { streams, types, phases, labels, zones, minScore, archive = false } = filter;
  const { stream, type, phase, score, label, group } = event;
  if (!archive && isOfArchive(event)) return false;
  if (streams !== undefined && !streams.some((pattern) => matchesPattern(pattern, stream))) return false;
  if (types !== undefined && !types.includes(type)) return false;
  if (phases !== undefined && phase !== undefined && !phases.includes(phase)) return false;
  if (labels !== undefined && !isAmong(labels, [label, group])) return false;
  if (zones !== undefined && !zonesOf(event).some((zone) => zones.includes(zone))) return false;
  return minScore === undefined || score === undefined || score >= minScore;
}

/** An event without any label is about no object: it is let through. */
function isAmong(wanted: readonly string[], labels: readonly (string | undefined)[]): boolean {
  const known = labels.filter((label) => label !== undefined);
  return known.length === 0 || known.some((label) => wanted.includes(label));
}

function zonesOf({ zone, zones = [] }: DetectionEvent): readonly string[] {
  return zone === undefined ? zones : [zone, ...zones];
}
