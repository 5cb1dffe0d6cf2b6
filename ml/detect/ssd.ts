import type { RawDetection } from './model-settings.ts';

/** What an SSD of the Object Detection API puts out for one picture. */
export interface SsdNumbers {
  /** Top, left, bottom, right of each box, fractions. */
  readonly boxes: Float32Array;
  /** One for each box, or one for each box and class where there are no `classes`. */
  readonly scores: Float32Array;
  readonly classes: Float32Array | Int32Array | undefined;
  /** How many boxes count; all when absent. */
  readonly count: number | undefined;
}

/** Reads boxes that the graph has sorted out already (with `classes`), or that it has scored by class (without). */
export function decodeSsd({ boxes, scores, classes, count }: SsdNumbers, minScore: number): RawDetection[] {
  const found: RawDetection[] = [];
  const threshold = Math.fround(minScore);
  const all = Math.floor(boxes.length / 4);
  const length = Math.max(0, Math.min(count ?? all, all));
  const classCount = classes === undefined ? Math.floor(scores.length / Math.max(all, 1)) : 1;
  for (let index = 0; index < length; index++) {
    for (let one = 0; one < classCount; one++) {
      const score = scores[index * classCount + one] as number;
      if (!(score >= threshold)) continue;
      const top = boxes[index * 4] as number;
      const left = boxes[index * 4 + 1] as number;
      const bottom = boxes[index * 4 + 2] as number;
      const right = boxes[index * 4 + 3] as number;
      const classIndex = classes === undefined ? one : Math.round(classes[index] as number);
      found.push({ classIndex, score, left, top, width: right - left, height: bottom - top });
    }
  }
  return found;
}
