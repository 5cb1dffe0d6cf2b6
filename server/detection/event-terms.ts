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

function kindTerm(type: string, phase: string | undefined): string {
  return phase === undefined ? `type:${type}` : `type:${type}/${phase}`;
}

/** The same word for those events alone that are no `update`: these are few, and most often asked for. */
function turn(term: string): string {
  return `!${term}`;
}

/** Types whose events have a phase. */
const PHASED = new Set(['object', 'zone']);

/** The words of an event, each once. */
export function termsOf(event: DetectionEvent): string[] {
  const words = new Set<string>();
  for (const label of [event.label, event.group]) if (label !== undefined) words.add(labelTerm(label));
  for (const zone of event.zones ?? []) words.add(zoneTerm(zone));
  if (event.zone !== undefined) words.add(zoneTerm(event.zone));
  if (event.phase === 'update') return [...words];
  return [...words, ...[...words].map(turn), kindTerm(event.type, event.phase)];
}

/** Words of which every event that the query wants has at least one; `undefined` when there are none such. */
export function searchTerms({ labels, zones, types, phases }: EventQuery): string[] | undefined {
  const kinds = (types ?? (phases === undefined ? [] : [...PHASED])).flatMap((type) =>
    (PHASED.has(type) ? (phases ?? ['update']) : [undefined]).map((phase) => ({ type, phase })),
  );
  const hasUpdates = kinds.length === 0 || kinds.some(({ phase }) => phase === 'update');
  const words = zones?.map(zoneTerm) ?? labels?.map(labelTerm);
  if (words !== undefined) return hasUpdates ? words : words.map(turn);
  return hasUpdates ? undefined : kinds.map(({ type, phase }) => kindTerm(type, phase));
}
