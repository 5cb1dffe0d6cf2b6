import type { Detection } from '../detect/detection.ts';
import { type Box, intersectionOverUnion } from '../geometry/box.ts';
import type { Followed } from './followed.ts';

/**
 * Which detection is which track. Boxes are compared after both were enlarged in proportion to the time since the track was seen
 * (buffered IoU, detection.md §6): somebody who walks is nowhere near the old box after a second, while nobody else is near either.
 */

/** Boxes grow on each side by this share of the object's size a second: both grow, so that somebody may be his own height off. */
const GROWTH_PER_SECOND = 0.5;
const MAX_GROWTH = 1;
/** An object is expected to go on as it moved for this long; farther on nobody knows. */
const MAX_EXPECTED_MS = 3000;
/** What enlarged boxes must have in common. */
const MIN_SIMILARITY = 0.2;
/** After a gap only what is in its place still is the same. */
const MIN_OVERLAP_AFTER_GAP = 0.5;

export interface Pair {
  readonly track: Followed;
  readonly detection: Detection;
  readonly overlap: number;
  readonly ambiguity: number;
}

export interface Surroundings {
  /** On the clock of the frames. */
  readonly nowMs: number;
  /** Width over height of the picture. */
  readonly aspect: number;
  readonly isAfterGap: boolean;
}

interface Candidate {
  readonly track: Followed;
  readonly detection: Detection;
  readonly similarity: number;
  readonly overlap: number;
}

/** Pairs tracks and detections of one group, the most alike first, each once. */
export function associate(
  tracks: readonly Followed[],
  detections: readonly Detection[],
  around: Surroundings,
): Pair[] {
  const candidates: Candidate[] = [];
  for (const track of tracks) {
    const place = expectedPlace(track, around);
    for (const detection of detections) {
      const overlap = intersectionOverUnion(place.box, detection.box);
      const similarity = intersectionOverUnion(grow(place.box, place), grow(detection.box, place));
      if (similarity >= (around.isAfterGap ? MIN_OVERLAP_AFTER_GAP : MIN_SIMILARITY)) {
        candidates.push({ track, detection, similarity, overlap });
      }
    }
  }
  candidates.sort((a, b) => b.similarity - a.similarity || b.detection.score - a.detection.score);
  return pick(candidates);
}

function pick(candidates: readonly Candidate[]): Pair[] {
  const pairs: Pair[] = [];
  const taken = new Set<Followed | Detection>();
  for (const { track, detection, similarity, overlap } of candidates) {
    if (taken.has(track) || taken.has(detection)) continue;
    taken.add(track).add(detection);
    const rival = candidates.find((other) => (other.track === track) !== (other.detection === detection));
    pairs.push({ track, detection, overlap, ambiguity: Math.min(1, (rival?.similarity ?? 0) / similarity) });
  }
  return pairs;
}

interface Place {
  readonly box: Box;
  /** How far boxes grow on each side, in fractions of the picture. */
  readonly growX: number;
  readonly growY: number;
}

function expectedPlace(track: Followed, around: Surroundings): Place {
  const awayMs = around.isAfterGap ? 0 : around.nowMs - track.seenAtMs;
  const seconds = Math.min(awayMs, MAX_EXPECTED_MS) / 1000;
  const [left, top, width, height] = track.box;
  const box: Box = [left + track.velocity[0] * seconds, top + track.velocity[1] * seconds, width, height];
  const size = Math.max(width * around.aspect, height);
  // Who went out of the picture is not somebody else who comes in on the other side.
  const growth = isInView(box) ? Math.min((awayMs / 1000) * GROWTH_PER_SECOND, MAX_GROWTH) * size : 0;
  return { box, growX: growth / around.aspect, growY: growth };
}

function isInView([left, top, width, height]: Box): boolean {
  const x = left + width / 2;
  const y = top + height / 2;
  return x >= 0 && x <= 1 && y >= 0 && y <= 1;
}

function grow([left, top, width, height]: Box, { growX, growY }: Place): Box {
  return [left - growX, top - growY, width + 2 * growX, height + 2 * growY];
}
