import { createTracker } from '../../../ml/track/buffered-tracker.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../ml/track/label-groups.ts';
import type { FrameRef } from '../../../ml/watch/frame.ts';
import { clearMot, type MotCounts } from './clear-mot.ts';
import { PlainIouTracker } from './plain-iou-tracker.ts';
import type { SequenceFrame } from './scenes.ts';

const SETTINGS = { minScore: 0.35, confirmHits: 2, timeoutSeconds: 5, groups: DEFAULT_LABEL_GROUPS };
const EPOCH_MS = 1_764_000_000_000;

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

/** What our tracker and the plain one make of a sequence. All that is seen counts, confirmed or not. */
export function compareTrackers(
  frames: readonly SequenceFrame[],
  minOverlap = 0.5,
): { readonly ours: MotCounts; readonly plain: MotCounts } {
  const tracker = createTracker(SETTINGS, 'compare');
  const plainTracker = new PlainIouTracker(SETTINGS);
  const ours = frames.map(({ timeMs, truth, detections }) => ({
    truth,
    hypotheses: tracker
      .observe(detections, frameAt(timeMs))
      .objects.map(({ trackId, box }) => ({ id: trackId, box })),
  }));
  const plain = frames.map(({ timeMs, truth, detections }) => ({
    truth,
    hypotheses: plainTracker.observe(detections, timeMs),
  }));
  return { ours: clearMot(ours, minOverlap), plain: clearMot(plain, minOverlap) };
}
