import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import type { EventQuery } from './event-store.ts';

/**
 * What events are found by without reading them: words that an index maps to events. A search that names one of them reads
 * nothing else.
 */

export function labelTerm(label: string): string {
  return `label:${label}`;
}

export function zoneTerm(zone: string): string {
  return `zone:${zone}`;
}

/** `update` events are most of all and seldom asked for: they have none. */
function kindTerm(type: string, phase: string | undefined): string {
  return phase === undefined ? `type:${type}` : `type:${type}/${phase}`;
}

/** Types whose events have a phase. */
const PHASED = new Set(['object', 'zone']);

/** The words of an event, each once. */
export function termsOf(event: DetectionEvent): string[] {
  const terms = new Set<string>();
  if (event.phase !== 'update') terms.add(kindTerm(event.type, event.phase));
  for (const label of [event.label, event.group]) if (label !== undefined) terms.add(labelTerm(label));
  for (const zone of event.zones ?? []) terms.add(zoneTerm(zone));
  if (event.zone !== undefined) terms.add(zoneTerm(event.zone));
  return [...terms];
}

/** Words of which every event that the query wants has at least one; `undefined` when there are none such. */
export function searchTerms({ labels, zones, types, phases }: EventQuery): string[] | undefined {
  if (zones !== undefined) return zones.map(zoneTerm);
  if (labels !== undefined) return labels.map(labelTerm);
  const kinds = (types ?? (phases === undefined ? [] : [...PHASED])).flatMap((type) =>
    (PHASED.has(type) ? (phases ?? ['update']) : [undefined]).map((phase) => ({ type, phase })),
  );
  if (kinds.length === 0 || kinds.some(({ phase }) => phase === 'update')) return undefined;
  return kinds.map(({ type, phase }) => kindTerm(type, phase));
}
