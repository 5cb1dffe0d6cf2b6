import { createTracker } from '../../../ml/track/buffered-tracker.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../ml/track/label-groups.ts';
import { frameAt } from '../frames.ts';
import { clearMot, type MotCounts } from './clear-mot.ts';
import { PlainIouTracker } from './plain-iou-tracker.ts';
import { RECORDED_RATE, RECORDINGS, recorded } from './recorded.ts';
import { play, SCENES, type SequenceFrame } from './scenes.ts';

/** Our tracker beside the plain one. */

const SETTINGS = { minScore: 0.35, confirmHits: 2, timeoutSeconds: 5, groups: DEFAULT_LABEL_GROUPS };
export const RATES = [10, 5, 2, 1, 0.5] as const;
/** Boxes drawn by hand and by the model differ more than those that were made up. */
const REAL_OVERLAP = 0.3;
const MADE_UP_OVERLAP = 0.5;

type Counted = 'objects' | 'misses' | 'switches' | 'transfers' | 'fragmentations';
export type Counts = Readonly<Record<Counted, number>>;

export interface Row {
  readonly name: string;
  readonly isReal: boolean;
  readonly framesPerSecond: number;
  readonly ours: Counts;
  readonly plain: Counts;
}

/**
 * All sequences at all rates: of the made-up ones so many that differ by chance, of the real ones all that differ by the frame
 * that they begin with.
 */
export function tableOf(seeds: number): Row[] {
  const rows: Row[] = [];
  for (const scene of SCENES) {
    for (const framesPerSecond of RATES) {
      const sequences = Array.from({ length: seeds }, (_, seed) => play(scene, framesPerSecond, seed + 1));
      const counts = sum(sequences.map((frames) => compareTrackers(frames, MADE_UP_OVERLAP)));
      rows.push({ name: scene.name, isReal: false, framesPerSecond, ...counts });
    }
  }
  for (const name of RECORDINGS) {
    for (const framesPerSecond of RATES) {
      const starts = Array.from({ length: RECORDED_RATE / framesPerSecond }, (_, first) => first);
      const sequences = starts.map((first) => recorded(name, framesPerSecond, first));
      const counts = sum(sequences.map((frames) => compareTrackers(frames, REAL_OVERLAP)));
      rows.push({ name, isReal: true, framesPerSecond, ...counts });
    }
  }
  return rows;
}

interface Pair {
  readonly ours: Counts;
  readonly plain: Counts;
}

/** What some of the rows come to. */
export function sumOver(rows: readonly Row[], isWanted: (row: Row) => boolean): Pair {
  return sum(rows.filter(isWanted));
}

function sum(pairs: readonly Pair[]): Pair {
  const of = (side: keyof Pair): Counts => {
    const total = (name: Counted): number => pairs.reduce((before, pair) => before + pair[side][name], 0);
    return {
      objects: total('objects'),
      misses: total('misses'),
      switches: total('switches'),
      transfers: total('transfers'),
      fragmentations: total('fragmentations'),
    };
  };
  return { ours: of('ours'), plain: of('plain') };
}

/** What both trackers make of a sequence. All that is seen counts, confirmed or not. */
function compareTrackers(
  frames: readonly SequenceFrame[],
  minOverlap: number,
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
