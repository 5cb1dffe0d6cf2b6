import type { Detection } from '../detect/detection.ts';
import type { Box } from '../geometry/box.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { TrackedObject } from '../watch/observed.ts';
import type { LabelGroups } from './label-groups.ts';

/**
 * Follows objects over the frames of one stream (detection.md §6). Pure: time comes with the frames. The implementation is
 * `BufferedTracker` in buffered-tracker.ts.
 *
 * Frames come in the order of their fragment numbers and, within a fragment, of their presentation. A frame that comes again,
 * after a restart, changes nothing.
 */
export interface Tracker {
  /**
   * What was found in a frame, also what is weaker than `minScore` (down to `weakestScore`): that only goes on with what is
   * followed already. Where only parts of the picture were looked at (`looked`), what is followed elsewhere is where it was, and
   * not missed. Answers all that is there, and what has left since the frame before.
   */
  observe(detections: readonly Detection[], frame: FrameRef, looked?: readonly Box[]): TrackerUpdate;
  /** A frame in which nothing moved, and which nobody looked at: everything is where it was, nothing grows older. */
  hold(frame: FrameRef): TrackerUpdate;
  /** Everything leaves. */
  end(frame: FrameRef): TrackerUpdate;
  /** JSON from which `createTracker` goes on. */
  state(): unknown;
  /** What became of the state that it was given. */
  readonly restoration: Restoration;
}

/** `rejected`: not a state of this tracker's; it began anew, and what was followed is forgotten. */
export type Restoration = 'none' | 'restored' | 'rejected';

export interface TrackerSettings {
  /** Detections from here on begin a track, and are hits that confirm it. */
  readonly minScore: number;
  /** Hits after which a track is believed. */
  readonly confirmHits: number;
  /** What was not seen for this long, and in three looks, has left. Time in which nobody looked does not count. */
  readonly timeoutSeconds: number;
  /** Labels that may be one and the same object. */
  readonly groups: LabelGroups;
  /** Width over height of the picture; 16:9 when absent. */
  readonly aspect?: number;
}

/** An object that was followed and is no more. */
export interface DepartedObject extends TrackedObject {
  /** The last frame in which it was seen: what its `leave` event names. */
  readonly lastFrame: FrameRef;
  readonly reason: 'gone' | 'ended';
}

export interface TrackerUpdate {
  /** `repeat`: the frame was seen before; nothing has changed. */
  readonly kind: 'look' | 'hold' | 'end' | 'repeat';
  readonly frame: FrameRef;
  /** Time that the frames have shown so far, ms. Never goes back, whatever the clock of the producer does. */
  readonly elapsedMs: number;
  /** All that was found in this frame, or is held where it was found. */
  readonly objects: readonly TrackedObject[];
  /** Ids of the tracks that were found in this frame. */
  readonly found: ReadonlySet<string>;
  readonly departed: readonly DepartedObject[];
  /** Objects of this frame that are not followed: too many are, or their boxes are none. */
  readonly refused: number;
}
