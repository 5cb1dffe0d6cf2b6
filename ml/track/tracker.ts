import type { Detection } from '../detect/detection.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { TrackedObject } from '../watch/watch-result.ts';

/** Follows objects over the frames of one stream (detection.md §6). Pure: time comes with the frames. */
export interface Tracker {
  /** What was found in a frame; answers all that is followed in it, and what has left since the frame before. */
  observe(detections: readonly Detection[], frame: FrameRef): TrackerUpdate;
  /** A frame in which nothing moved, and which nobody looked at: everything is where it was, nothing grows older. */
  hold(frame: FrameRef): TrackerUpdate;
  /** Everything leaves. */
  end(frame: FrameRef): TrackerUpdate;
  /** JSON from which `createTracker` goes on. */
  state(): unknown;
}

/** An object that was followed and is no more. */
export interface DepartedObject extends TrackedObject {
  /** The last frame in which it was seen: what its `leave` event names. */
  readonly lastFrame: FrameRef;
  readonly reason: 'gone' | 'ended';
}

export interface TrackerUpdate {
  readonly objects: readonly TrackedObject[];
  readonly departed: readonly DepartedObject[];
}
