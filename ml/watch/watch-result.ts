import type { Detection } from '../detect/detection.ts';
import type { ModelIdentity } from '../detect/detector.ts';
import type { DetectionEvent } from '../events/detection-event.ts';
import type { Box, Point } from '../geometry/box.ts';
import type { FrameRef } from './frame.ts';

/** An object that is followed over frames, as it is in one of them. */
export interface TrackedObject extends Detection {
  /** Stays the same while the object is followed; the same again when the same frames are looked at again. */
  readonly trackId: string;
  /** `vehicle` for car, bus, truck; the label itself where it has no group. */
  readonly group: string;
  /** Seen often enough to be believed. */
  readonly isConfirmed: boolean;
  /** 0 to 1: how far one object at two instants may be taken for the same (low where frames are seconds apart). */
  readonly trackConfidence: number;
  /** Producer time at which it was first seen. */
  readonly enteredMs: number;
  /** The best score of it so far. */
  readonly topScore: number;
}

/** A face in one frame. */
export interface ObservedFace {
  readonly box: Box;
  readonly score: number;
  /**
   * `eyeLeft`, `eyeRight`, `nose`, `mouth`, `earLeft`, `earRight`; fractions of the picture. Left is the left of who looks at the
   * picture.
   */
  readonly landmarks: readonly { readonly type: string; readonly at: Point }[];
  readonly pose?: FacePose;
  readonly quality?: FaceQuality;
  /** The person that it belongs to, where one is followed. */
  readonly trackId: string | undefined;
  /** Unit vector; only where the face was large enough to be told apart. */
  readonly embedding: Float32Array | undefined;
}

/** How a head is turned, degrees. Roll is seen; yaw and pitch are coarse estimates. */
export interface FacePose {
  /** Clockwise, as one sees it. */
  readonly roll: number;
  /** To the right of the picture. */
  readonly yaw: number;
  /** Upwards. */
  readonly pitch: number;
}

/** Cheap facts of a face's pixels, 0 to 100. */
export interface FaceQuality {
  /** Mean luma: 0 black, 100 white. */
  readonly brightness: number;
  /** How much of the face's contrast is fine detail: lower for the same face out of focus, in motion, or small. */
  readonly sharpness: number;
}

/** Why a frame was not looked at. */
export type SkipReason = 'no-motion' | 'not-decoded';

/** What came of one frame that was due. */
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

/** Where the time went, ms. */
export interface WatchTimings {
  readonly decodeMs: number;
  readonly inferMs: number;
  readonly totalMs: number;
}

/**
 * All that a watch knows beside its settings, as JSON: kept by who owns the watch together with the events that were made, so
 * that neither a worker's nor the server's end loses or invents a phase.
 */
export interface WatchState {
  readonly tracker: unknown;
  readonly rules: unknown;
  readonly events: unknown;
  readonly faces: unknown;
}
