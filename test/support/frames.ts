import type { FrameRef } from '../../ml/watch/frame.ts';

export const EPOCH_MS = 1_764_000_000_000;

/** A frame of a made-up stream: fragments of two seconds. */
export function frameAt(timeMs: number): FrameRef {
  const fragment = Math.floor(timeMs / 2000);
  return {
    fragmentNumber: String(fragment).padStart(47, '0'),
    offsetMs: timeMs - fragment * 2000,
    producerMs: EPOCH_MS + timeMs,
    serverMs: EPOCH_MS + timeMs + 40,
  };
}
