import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import type { ObjectChange, PresentObject } from './present-objects.ts';

/**
 * An object's change in the shape that automations written for Frigate read (its topic `events`): `type`, `before`, `after`. Times are
 * epoch seconds. Left out is what only Frigate's detector knows (regions, boxes in its pixels, whether something stands still): an
 * automation finds it absent, not wrong. `event` is ours, complete.
 */
export function frigateEvent({ type, before, after }: ObjectChange, event: DetectionEvent): object {
  const endMs = type === 'end' ? event.producerMs : undefined;
  return { type, before: objectJson(before, undefined), after: objectJson(after, endMs), event };
}

function objectJson(object: PresentObject, endMs: number | undefined): object {
  const { person, thumbnail } = object;
  return {
    id: object.trackId,
    camera: object.stream,
    frame_time: object.frameMs / 1000,
    label: object.label,
    sub_label: person === undefined ? null : [person.name, person.similarity],
    score: object.score,
    top_score: object.topScore,
    false_positive: false,
    start_time: object.enteredMs / 1000,
    end_time: endMs === undefined ? null : endMs / 1000,
    current_zones: object.zones,
    entered_zones: object.enteredZones,
    has_snapshot: thumbnail !== undefined,
    // All that cameras send is recorded.
    has_clip: true,
    thumbnail: null,
    // As Frigate's HTTP API has it: left, top, width, height, in fractions.
    data: { box: object.box ?? null, group: object.group },
  };
}
