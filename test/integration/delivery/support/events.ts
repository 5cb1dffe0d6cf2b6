import { type DetectionEvent, EVENT_SCHEMA } from '../../../../ml/events/detection-event.ts';
import type { StoredEvent } from '../../../../server/detection/event-store.ts';

let ordinal = 0;

/** An event as a watch makes it; what matters to a test is given. */
export function eventOf(members: Partial<DetectionEvent> = {}): DetectionEvent {
  ordinal += 1;
  return {
    schema: EVENT_SCHEMA,
    id: ordinal.toString(36).padStart(26, '0'),
    stream: 'front',
    watch: 'live',
    type: 'object',
    phase: 'enter',
    fragmentNumber: String(ordinal).padStart(47, '0'),
    frameOffsetMs: 480,
    producerMs: 1_760_000_000_000 + ordinal * 1000,
    serverMs: 1_760_000_000_100 + ordinal * 1000,
    model: { name: 'centernet', sha256: 'ab'.repeat(32) },
    label: 'person',
    group: 'person',
    score: 0.8,
    topScore: 0.8,
    box: [0.1, 0.2, 0.3, 0.4],
    trackId: 't1',
    ...members,
  };
}

/** Gives events their places in the order. */
export function stored(events: readonly DetectionEvent[], firstSeq = 1): StoredEvent[] {
  return events.map((event, index) => ({ seq: firstSeq + index, event }));
}
