import type { Detection } from '../../../ml/detect/detection.ts';
import { type Box, intersectionOverUnion } from '../../../ml/geometry/box.ts';
import type { Labelled } from './clear-mot.ts';

/** Made-up sequences: objects that move by a rule, and a detector that jitters, misses, and does not see what is behind something. */

export interface SequenceFrame {
  readonly timeMs: number;
  readonly truth: readonly Labelled[];
  readonly detections: readonly Detection[];
}

export interface Scene {
  readonly name: string;
  readonly seconds: number;
  readonly actors: readonly Actor[];
  /** What hides all behind it. */
  readonly screens?: readonly Box[];
  /** Share of the objects that are found in a frame. */
  readonly recall: number;
}

interface Actor {
  readonly id: string;
  readonly labels: readonly string[];
  readonly size: readonly [width: number, height: number];
  /** Middle of the lower edge; `undefined` while it is not there. Seconds. */
  readonly at: (seconds: number) => readonly [number, number] | undefined;
}

/** Walks straight from one point to another between two instants. */
function walk(
  from: readonly [number, number],
  to: readonly [number, number],
  begin: number,
  end: number,
): Actor['at'] {
  return (seconds) => {
    if (seconds < begin || seconds > end) return undefined;
    const share = (seconds - begin) / (end - begin);
    return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  };
}

/** One walk after the other; stands at the end of one until the next begins. */
function walks(
  ...parts: readonly { readonly end: number; readonly to: readonly [number, number] }[]
): Actor['at'] {
  return (seconds) => {
    const next = parts.findIndex(({ end }) => end >= seconds);
    const [before, after] = [parts[next - 1], parts[next]];
    if (after === undefined) return undefined;
    return before === undefined ? after.to : walk(before.to, after.to, before.end, after.end)(seconds);
  };
}

const person = (id: string, at: Actor['at'], height = 0.3): Actor => ({
  id,
  labels: ['person'],
  size: [height * 0.22, height],
  at,
});
const vehicle = (id: string, at: Actor['at'], width = 0.2): Actor => ({
  id,
  labels: ['car', 'truck'],
  size: [width, width * 0.9],
  at,
});

export const SCENES: readonly Scene[] = [
  {
    name: 'two people cross',
    seconds: 12,
    recall: 0.9,
    actors: [
      person('a', walk([0.05, 0.7], [0.95, 0.72], 0, 12)),
      person('b', walk([0.95, 0.78], [0.05, 0.76], 0, 12), 0.33),
    ],
  },
  {
    name: 'four people, many missed',
    seconds: 16,
    recall: 0.65,
    actors: [
      person('a', walk([0.1, 0.5], [0.9, 0.55], 0, 14), 0.22),
      person('b', walk([0.9, 0.9], [0.15, 0.8], 1, 15), 0.36),
      person('c', walk([0.5, 0.65], [0.55, 0.65], 0, 16), 0.28),
      person('d', walk([0.2, 0.95], [0.4, 0.6], 4, 16), 0.3),
    ],
  },
  {
    name: 'behind a pillar',
    seconds: 12,
    recall: 0.9,
    screens: [[0.44, 0, 0.12, 1]],
    actors: [
      person('a', walk([0.1, 0.7], [0.9, 0.7], 0, 12)),
      person('b', walk([0.85, 0.85], [0.1, 0.85], 3, 12), 0.35),
    ],
  },
  {
    name: 'side by side',
    seconds: 12,
    recall: 0.85,
    actors: [
      person('a', walk([0.1, 0.7], [0.8, 0.75], 0, 12)),
      person('b', walk([0.18, 0.7], [0.88, 0.75], 0, 12)),
      person('c', walk([0.9, 0.9], [0.3, 0.6], 0, 12)),
    ],
  },
  {
    name: 'people who stop and turn',
    seconds: 15,
    recall: 0.8,
    actors: [
      person(
        'a',
        walks(
          { end: 0, to: [0.1, 0.7] },
          { end: 4, to: [0.5, 0.72] },
          { end: 8, to: [0.5, 0.72] },
          { end: 12, to: [0.15, 0.7] },
          { end: 15, to: [0.2, 0.9] },
        ),
      ),
      person(
        'b',
        walks(
          { end: 0, to: [0.9, 0.8] },
          { end: 5, to: [0.45, 0.8] },
          { end: 6, to: [0.45, 0.8] },
          { end: 11, to: [0.9, 0.85] },
          { end: 15, to: [0.6, 0.6] },
        ),
        0.34,
      ),
    ],
  },
  {
    name: 'cars, called trucks at times',
    seconds: 14,
    recall: 0.85,
    actors: [
      vehicle('parked', () => [0.3, 0.5], 0.16),
      vehicle('a', walk([-0.05, 0.7], [1.05, 0.7], 1, 6)),
      vehicle('b', walk([1.05, 0.85], [-0.05, 0.85], 4, 9), 0.26),
      vehicle('c', walk([-0.05, 0.7], [1.05, 0.7], 7, 13)),
    ],
  },
];

const FULL_RATE = 30;
const JITTER = 0.03;
/** A detector keeps one of two boxes that share more. */
const NMS_OVERLAP = 0.55;

/** Frames of a scene at a rate; the same seed makes the same sequence. */
export function play(scene: Scene, framesPerSecond: number, seed: number): SequenceFrame[] {
  const random = mulberry32(seed * 7919 + Math.round(framesPerSecond * 10));
  const frames: SequenceFrame[] = [];
  const stepMs = (Math.round(FULL_RATE / framesPerSecond) * 1000) / FULL_RATE;
  for (let timeMs = 0; timeMs <= scene.seconds * 1000; timeMs += stepMs) {
    const truth = scene.actors.flatMap(({ id, labels, size, at }) => {
      const foot = at(timeMs / 1000);
      if (foot === undefined) return [];
      const box: Box = [foot[0] - size[0] / 2, foot[1] - size[1], size[0], size[1]];
      return isHidden(box, scene.screens ?? []) ? [] : [{ id, box, labels }];
    });
    // Nearer ones stand lower, and hide those behind.
    const nearFirst = truth.toSorted((a, b) => b.box[1] + b.box[3] - a.box[1] - a.box[3]);
    const detections: Detection[] = [];
    for (const { box, labels } of nearFirst) {
      const isFound = random() < scene.recall;
      const score = 0.22 + random() * 0.5;
      const label = labels[random() < 0.75 ? 0 : labels.length - 1] ?? '';
      const seen = jitter(box, random);
      const isBehind = detections.some((other) => intersectionOverUnion(other.box, seen) > NMS_OVERLAP);
      if (isFound && !isBehind) detections.push({ label, score, box: seen });
    }
    frames.push({ timeMs, truth: truth.map(({ id, box }) => ({ id, box })), detections });
  }
  return frames;
}

function isHidden(box: Box, screens: readonly Box[]): boolean {
  const middle = box[0] + box[2] / 2;
  return (
    middle < 0 || middle > 1 || screens.some(([left, , width]) => middle > left && middle < left + width)
  );
}

function jitter([left, top, width, height]: Box, random: () => number): Box {
  const shake = (size: number): number => (random() + random() - 1) * 2 * JITTER * size;
  return [left + shake(width), top + shake(height), width + shake(width), height + shake(height)];
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
