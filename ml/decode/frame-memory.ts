/**
 * Closed frames and decoders are given back by the garbage collector only, which does not see how large they are: without this,
 * memory grows to a gigabyte (detection.md §4: "gc({type:'minor'}) every 50 frames: 156 to 173 MB flat"). Large frames count for more.
 */
const FRAMES_PER_COLLECTION = 50;
const BYTES_PER_COLLECTION = 64 << 20;

let frames = 0;
let bytes = 0;

/** A native decoder of this process has made a frame. */
export function countNativeFrame({ codedWidth, codedHeight }: NativeFrame): void {
  frames += 1;
  bytes += codedWidth * codedHeight * 1.5;
  if (frames >= FRAMES_PER_COLLECTION || bytes >= BYTES_PER_COLLECTION) collectNativeMemory();
}

export interface NativeFrame {
  readonly codedWidth: number;
  readonly codedHeight: number;
}

/** Gives back what is closed; about a millisecond. To be called before another decoder is made. */
export function collectNativeMemory(): void {
  frames = 0;
  bytes = 0;
  globalThis.gc?.({ type: 'minor' });
}
