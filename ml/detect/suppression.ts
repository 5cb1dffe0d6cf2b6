import { type Box, intersectionOverUnion, overlapArea } from '../geometry/box.ts';
import type { Detection } from './detection.ts';

/** A detection on its way: what it may be the same object as, and where it was seen. */
export interface Candidate extends Detection {
  /** Only detections of one group can be the same object: a van is found as a car and as a truck. */
  readonly group: string;
  /** Index of the part of the picture in which it was seen. */
  readonly region: number;
  /** It touches a border of that part, where the picture goes on: the object may, too. */
  readonly isCut: boolean;
}

/** A cut box of which this much is in a whole one is a part of it. */
const PART = 0.6;
/** Two cut boxes of neighbouring parts that share this much of the smaller one are two ends of one object. */
const ENDS = 0.4;

/**
 * Answers each object once, the surest first. Within a part of the picture the best of boxes that overlap by more than `iou` is
 * taken; over parts, a whole box is better than one that is cut, and two ends of an object are joined.
 */
export function suppress(candidates: readonly Candidate[], iou: number, maxDetections: number): Detection[] {
  const kept: Candidate[] = [];
  const inOrder = candidates.toSorted((a, b) => Number(a.isCut) - Number(b.isCut) || b.score - a.score);
  for (const candidate of inOrder) {
    const index = kept.findIndex((one) => one.group === candidate.group && isSame(one, candidate, iou));
    const same = kept[index];
    if (same === undefined) kept.push(candidate);
    else kept[index] = joined(same, candidate);
  }
  return kept
    .sort((a, b) => b.score - a.score)
    .slice(0, maxDetections)
    .map(({ label, score, box }) => ({ label, score, box }));
}

function isSame(kept: Candidate, next: Candidate, iou: number): boolean {
  if (intersectionOverUnion(kept.box, next.box) >= iou) return true;
  if (!next.isCut || kept.region === next.region) return false;
  const shared = overlapArea(kept.box, next.box);
  if (!kept.isCut) return shared >= PART * area(next.box);
  return shared >= ENDS * Math.min(area(kept.box), area(next.box));
}

/** The one that was taken first stands, with the better of both scores; ends of one object make a whole. */
function joined(kept: Candidate, next: Candidate): Candidate {
  if (kept.region === next.region) return kept;
  const score = Math.max(kept.score, next.score);
  return kept.isCut && next.isCut ? { ...kept, score, box: union(kept.box, next.box) } : { ...kept, score };
}

function union(a: Box, b: Box): Box {
  const left = Math.min(a[0], b[0]);
  const top = Math.min(a[1], b[1]);
  return [left, top, Math.max(a[0] + a[2], b[0] + b[2]) - left, Math.max(a[1] + a[3], b[1] + b[3]) - top];
}

function area(box: Box): number {
  return box[2] * box[3];
}
