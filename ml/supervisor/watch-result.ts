import type { ModelIdentity } from '../detect/detector.ts';
import type { DetectionEvent } from '../events/detection-event.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../watch/observed.ts';
import type { WatchState } from '../watch/watch-state.ts';

export type SkipReason = 'no-motion' | 'not-decoded';

export interface WatchResult {
  readonly frame: FrameRef;
  readonly picture: { readonly width: number; readonly height: number } | undefined;
  readonly skipped: SkipReason | undefined;
  /** Which model looked; known even where the frame was skipped. */
  readonly model: ModelIdentity;
  /** All that is followed and was seen in this frame, or in the last one looked at where nothing has moved since. */
  readonly objects: readonly TrackedObject[];
  /** Faces that were looked for and found. */
  readonly faces: readonly ObservedFace[];
  /** In order. */
  readonly events: readonly DetectionEvent[];
  /** What the watch would have to be given to go on from here after a restart; absent when it is as it was. */
  readonly state: WatchState | undefined;
  readonly timings: WatchTimings;
}

export interface WatchTimings {
  readonly decodeMs: number;
  readonly inferMs: number;
  readonly totalMs: number;
}
