import type { ModelIdentity } from '../detect/detector.ts';
import type { Box } from '../geometry/box.ts';
import type { FrameRef } from '../watch/frame.ts';
import { type DetectionEvent, EVENT_SCHEMA } from './detection-event.ts';
import { type EventKey, eventId } from './event-id.ts';

/** Who speaks in an event. */
export interface EventSource {
  readonly stream: string;
  readonly watch: string;
  readonly model: ModelIdentity;
}

type Common =
  | 'schema'
  | 'id'
  | 'stream'
  | 'watch'
  | 'model'
  | 'fragmentNumber'
  | 'frameOffsetMs'
  | 'producerMs'
  | 'serverMs'
  | 'thumbnail';

/** What an event says beside who speaks and of which frame. The path of its picture is added by who serves pictures. */
export type EventBody = Omit<DetectionEvent, Common>;

/** An event of a frame; the qualifier as in EventKey. */
export function makeEvent(
  source: EventSource,
  frame: FrameRef,
  body: EventBody,
  qualifier?: string,
): DetectionEvent {
  const { stream, watch } = source;
  const model = { name: source.model.name, sha256: source.model.sha256 };
  const { type, phase, ...particulars } = body;
  const { trackId } = particulars;
  const key: EventKey = {
    stream,
    watch,
    model,
    type,
    frame,
    ...(phase && { phase }),
    ...(trackId !== undefined && { trackId }),
    ...(qualifier !== undefined && { qualifier }),
  };
  return {
    schema: EVENT_SCHEMA,
    id: eventId(key),
    stream,
    watch,
    type,
    ...(phase && { phase }),
    fragmentNumber: frame.fragmentNumber,
    frameOffsetMs: frame.offsetMs,
    producerMs: frame.producerMs,
    serverMs: frame.serverMs,
    model,
    ...particulars,
  };
}

/** Fractions of a picture to a ten-thousandth: half a pixel of the largest. */
export function roundBox(box: Box): Box {
  const [left, top, width, height] = box.map((value) => Math.round(value * 10_000) / 10_000);
  return [left ?? 0, top ?? 0, width ?? 0, height ?? 0];
}

/** Scores and confidences to a thousandth. */
export function roundScore(score: number): number {
  return Math.round(score * 1000) / 1000;
}
