import type { Detection } from '../detect/detection.ts';
import type { Box, Point } from '../geometry/box.ts';

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

export interface FacePose {
  /** Clockwise, as one sees it. */
  readonly roll: number;
  /** To the right of the picture. */
  readonly yaw: number;
  /** Upwards. */
  readonly pitch: number;
}

export interface FaceQuality {
  /** Mean luma: 0 black, 100 white. */
  readonly brightness: number;
  /** How much of the face's contrast is fine detail: lower for the same face out of focus, in motion, or small. */
  readonly sharpness: number;
}
