import { createTracker } from '../../../ml/track/buffered-tracker.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../ml/track/label-groups.ts';
import { frameAt } from '../frames.ts';
import { clearMot, type MotCounts } from './clear-mot.ts';
import { PlainIouTracker } from './plain-iou-tracker.ts';
import type { SequenceFrame } from './scenes.ts';

const SETTINGS = { minScore: 0.35, confirmHits: 2, timeoutSeconds: 5, groups: DEFAULT_LABEL_GROUPS };
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
