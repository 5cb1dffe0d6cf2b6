import type { ModelIdentity } from '../../ml/detect/detector.ts';
import { type DetectionEvent, EVENT_SCHEMA } from '../../ml/events/detection-event.ts';
import type { WatchStatus } from '../../ml/supervisor/supervisor.ts';
import { shortHash } from '../../ml/track/short-hash.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';

const ID_DIGITS = 26;

const STATES = {
  watching: 'watching',
  degraded: 'degraded',
  quarantined: 'quarantined',
  failed: 'stopped',
} as const satisfies Record<WatchStatus['state'], NonNullable<DetectionEvent['camera']>['state']>;

export interface CameraNews {
  readonly stream: string;
  readonly watch: string;
  /** The newest frame that was offered. */
  readonly frame: FrameRef;
  /** Places of the same frame: what happened first, second... */
  readonly ordinal: number;
  readonly model: ModelIdentity;
  readonly status: WatchStatus;
}

/** The event that detection on a stream has changed its state. */
export function cameraEvent({ stream, watch, frame, ordinal, model, status }: CameraNews): DetectionEvent {
  const state = STATES[status.state];
  const { fragmentNumber, offsetMs, producerMs, serverMs } = frame;
  return {
    schema: EVENT_SCHEMA,
    id: shortHash(['camera', stream, watch, fragmentNumber, offsetMs, ordinal, state], ID_DIGITS),
    stream,
    watch,
    type: 'camera',
    fragmentNumber,
    frameOffsetMs: offsetMs,
    producerMs,
    serverMs,
    model,
    camera: { state, message: status.message },
  };
}
