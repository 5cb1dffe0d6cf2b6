/**
 * Closed frames are given back by the garbage collector only: without this, memory grows to a gigabyte (detection.md §4:
 * "gc({type:'minor'}) every 50 frames: 156 to 173 MB flat").
 */
const FRAMES_PER_COLLECTION = 50;

let framesSinceCollection = 0;

/** A native decoder of this process has made a frame. */
export function countNativeFrame(): void {
  framesSinceCollection += 1;
  if (framesSinceCollection < FRAMES_PER_COLLECTION) return;
  framesSinceCollection = 0;
  globalThis.gc?.({ type: 'minor' });
}
