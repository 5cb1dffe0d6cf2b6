import { type Box, intersectionOverUnion } from '../../../ml/geometry/box.ts';
import { cheapestAssignment } from './assignment.ts';

/**
 * CLEAR MOT (Bernardin and Stiefelhagen, 2008): what a tracker says of a sequence beside what is true. An object keeps the
 * hypothesis that it had in the frame before while their boxes still share enough; the others are paired so that most pairs share
 * enough, and those share most.
 */

export interface Labelled {
  readonly id: string;
  readonly box: Box;
}

export interface MotFrame {
  readonly truth: readonly Labelled[];
  readonly hypotheses: readonly Labelled[];
}

export interface MotCounts {
  /** Objects, summed over the frames. */
  readonly objects: number;
  readonly matches: number;
  readonly misses: number;
  readonly falsePositives: number;
  /** An object's hypothesis is another than the last one that it had, however long ago. */
  readonly switches: number;
  /** A hypothesis is of another object than the last one that it was of: two were taken for one. Not part of MOTA. */
  readonly transfers: number;
  /** An object was tracked, then not, then again. */
  readonly fragmentations: number;
  /** 1 - (misses + false positives + switches) / objects. */
  readonly mota: number;
  /** Mean share (IoU) of the pairs. */
  readonly motp: number;
}

/** More than all shares of a frame together: one pair more is better than any overlap. */
const PAIR_WORTH = 1000;

/** Counts over a sequence; a pair must share `minOverlap` (IoU). */
export function clearMot(frames: readonly MotFrame[], minOverlap = 0.5): MotCounts {
  /** The last hypothesis of each object. */
  const lastOf = new Map<string, string>();
  /** The last object of each hypothesis. */
  const ownerOf = new Map<string, string>();
  /** Pairs of the frame before. */
  let current = new Map<string, string>();
  const tracked = new Map<string, boolean>();
  let objects = 0;
  let matches = 0;
  let falsePositives = 0;
  let switches = 0;
  let transfers = 0;
  let fragmentations = 0;
  let overlapSum = 0;
  for (const { truth, hypotheses } of frames) {
    const pairs = pairUp(truth, hypotheses, current, minOverlap);
    objects += truth.length;
    matches += pairs.length;
    falsePositives += hypotheses.length - pairs.length;
    current = new Map();
    const seen = new Set<string>();
    for (const { object, hypothesis, overlap } of pairs) {
      const last = lastOf.get(object.id);
      if (last !== undefined && last !== hypothesis.id) switches++;
      const owner = ownerOf.get(hypothesis.id);
      if (owner !== undefined && owner !== object.id) transfers++;
      ownerOf.set(hypothesis.id, object.id);
      if (tracked.get(object.id) === false) fragmentations++;
      lastOf.set(object.id, hypothesis.id);
      current.set(object.id, hypothesis.id);
      tracked.set(object.id, true);
      seen.add(object.id);
      overlapSum += overlap;
    }
    for (const { id } of truth) if (!seen.has(id) && tracked.has(id)) tracked.set(id, false);
  }
  const misses = objects - matches;
  return {
    objects,
    matches,
    misses,
    falsePositives,
    switches,
    transfers,
    fragmentations,
    mota: objects === 0 ? 1 : 1 - (misses + falsePositives + switches) / objects,
    motp: matches === 0 ? 0 : overlapSum / matches,
  };
}

interface MotPair {
  readonly object: Labelled;
  readonly hypothesis: Labelled;
  readonly overlap: number;
}

function pairUp(
  truth: readonly Labelled[],
  hypotheses: readonly Labelled[],
  before: ReadonlyMap<string, string>,
  minOverlap: number,
): MotPair[] {
  const pairs: MotPair[] = [];
  const free = new Set(hypotheses);
  const open: Labelled[] = [];
  for (const object of truth) {
    const hypothesis = hypotheses.find(({ id }) => id === before.get(object.id));
    const overlap = hypothesis === undefined ? 0 : intersectionOverUnion(object.box, hypothesis.box);
    if (hypothesis !== undefined && free.has(hypothesis) && overlap >= minOverlap) {
      free.delete(hypothesis);
      pairs.push({ object, hypothesis, overlap });
    } else open.push(object);
  }
  const others = [...free];
  const worth = open.map((object) =>
    others.map((hypothesis) => {
      const overlap = intersectionOverUnion(object.box, hypothesis.box);
      return overlap >= minOverlap ? PAIR_WORTH + overlap : 0;
    }),
  );
  const columns = cheapestAssignment(worth.map((row) => row.map((value) => -value)));
  for (const [row, object] of open.entries()) {
    const column = columns[row] ?? -1;
    const hypothesis = others[column];
    const value = worth[row]?.[column] ?? 0;
    if (hypothesis !== undefined && value > 0)
      pairs.push({ object, hypothesis, overlap: value - PAIR_WORTH });
  }
  return pairs;
}
