import { shortHash } from '../track/short-hash.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { DetectionEvent } from './detection-event.ts';

const ID_LENGTH = 26;

/** What tells one event from all others. */
export interface EventKey {
  readonly stream: string;
  readonly watch: string;
  readonly model: DetectionEvent['model'];
  readonly type: DetectionEvent['type'];
  readonly phase?: DetectionEvent['phase'];
  readonly trackId?: string;
  /** Which zone, line, face or state: where one frame may show several. */
  readonly qualifier?: string;
  readonly frame: FrameRef;
}

/** 26 digits that are the same again when the same frame says the same again. */
export function eventId(key: EventKey): string {
  const { stream, watch, model, type, phase = '', trackId = '', qualifier = '', frame } = key;
  const offsetUs = Math.round(frame.offsetMs * 1000);
  return shortHash(
    [
      stream,
      watch,
      model.name,
      model.sha256,
      trackId,
      type,
      phase,
      qualifier,
      frame.fragmentNumber,
      offsetUs,
    ],
    ID_LENGTH,
  );
}
