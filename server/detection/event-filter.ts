import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import type { EventQuery } from './event-store.ts';
import { isOfArchive } from './watch-names.ts';

/** Is it what the query wants? For events that come one by one; EventStore.search answers the same of those that are stored. */
export function isWanted(query: EventQuery, event: DetectionEvent): boolean {
  const { streams, types, phases, labels, zones, trackId, model, minScore, isFromArchive } = query;
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = query;
  return (
    isOneOf(streams, event.stream) &&
    isOneOf(types, event.type) &&
    isOneOf(phases, event.phase) &&
    isOneOf(labels, event.label, event.group) &&
    isOneOf(zones, event.zone, ...(event.zones ?? [])) &&
    isOneOf(trackId === undefined ? undefined : [trackId], event.trackId) &&
    isOneOf(model === undefined ? undefined : [model], event.model.name) &&
    (minScore === undefined || (event.score ?? Number.NEGATIVE_INFINITY) >= minScore) &&
    (isFromArchive === undefined || isOfArchive(event) === isFromArchive) &&
    event.producerMs >= fromMs &&
    event.producerMs < toMs
  );
}

function isOneOf(wanted: readonly string[] | undefined, ...found: readonly (string | undefined)[]): boolean {
  return wanted === undefined || found.some((each) => each !== undefined && wanted.includes(each));
}
