import { z } from 'zod';
import type { Detection } from '../detect/detection.ts';
import type { Box } from '../geometry/box.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { TrackedObject } from '../watch/observed.ts';
import { frameRefSchema } from './frame-clock.ts';

/** A track as the tracker keeps it, in memory and as JSON alike. */

/** Labels of one group that a track may have been called by. */
const MAX_VOTES = 16;
/** Each hit counts this much more than the one before: what an object was called long ago fades. */
const VOTE_DECAY = 0.9;
/** Over how long a velocity is judged: shorter, and the jitter of boxes would be taken for movement. */
const VELOCITY_SMOOTHING_MS = 400;
/** A confidence goes this far towards that of the newest link. */
const CONFIDENCE_GAIN = 0.3;
/** Links over this time are worth half of those at once. */
const HALF_CONFIDENCE_MS = 2000;

/** The gate sees no slow movement far away: so much of the time in which nothing moved counts as if something had. */
const HELD_MOVEMENT = 0.2;

const finite = z.number();
const boxSchema = z.tuple([finite, finite, finite, finite]);

export const followedSchema = z.strictObject({
  id: z.string().max(64),
  group: z.string().max(256),
  label: z.string().max(256),
  votes: z.array(z.tuple([z.string().max(256), finite])).max(MAX_VOTES),
  box: boxSchema,
  /** Of the middle, in fractions of the picture a second. */
  velocity: z.tuple([finite, finite]),
  score: finite,
  topScore: finite,
  confidence: finite,
  hits: z.int().min(1),
  isConfirmed: z.boolean(),
  enteredMs: finite,
  lastFrame: frameRefSchema,
  /** On the clock of the frames; put off while nothing moves. */
  seenAtMs: finite,
  /** Since anybody looked where it is. */
  unlookedMs: z.number().min(0),
  misses: z.int().min(0),
  absentMs: z.number().min(0),
});

export type Followed = z.output<typeof followedSchema>;

/** A detection begins a track. */
export function begin(
  id: string,
  group: string,
  detection: Detection,
  frame: FrameRef,
  { nowMs, isConfirmed }: { readonly nowMs: number; readonly isConfirmed: boolean },
): Followed {
  const { label, score, box } = detection;
  return {
    id,
    group,
    label,
    votes: [[label, score]],
    box: [...box],
    velocity: [0, 0],
    score,
    topScore: score,
    confidence: 1,
    hits: 1,
    isConfirmed,
    enteredMs: frame.producerMs,
    lastFrame: { ...frame },
    seenAtMs: nowMs,
    unlookedMs: 0,
    misses: 0,
    absentMs: 0,
  };
}

/** How a detection was found to be the track's. */
export interface Link {
  /** Strong enough to confirm a track. */
  readonly isHit: boolean;
  /** Share of the area that the detection and the place where the track was expected have in common, 0 to 1. */
  readonly overlap: number;
  /** 0: nothing else came into question; 1: something else did just as well. */
  readonly ambiguity: number;
}

/** The track was seen again. */
export function goOn(
  track: Followed,
  detection: Detection,
  link: Link,
  frame: FrameRef,
  nowMs: number,
): void {
  const awayMs = nowMs - track.seenAtMs;
  if (awayMs > 0) track.velocity = nextVelocity(track, detection.box, awayMs);
  const near = HALF_CONFIDENCE_MS / (HALF_CONFIDENCE_MS + awayMs);
  const confidence = (link.overlap + (1 - link.overlap) * near) * (1 - link.ambiguity / 2);
  track.confidence += (confidence - track.confidence) * CONFIDENCE_GAIN;
  track.box = [...detection.box];
  track.score = detection.score;
  track.topScore = Math.max(track.topScore, detection.score);
  track.lastFrame = { ...frame };
  track.seenAtMs = nowMs;
  track.unlookedMs = 0;
  track.misses = 0;
  track.absentMs = 0;
  if (link.isHit) track.hits++;
  vote(track, detection);
}

/** Nobody looked at it, for nothing moved there. */
export function rest(track: Followed, stepMs: number): void {
  track.velocity = [0, 0];
  track.seenAtMs += stepMs * (1 - HELD_MOVEMENT);
  track.unlookedMs += stepMs;
}

function nextVelocity(track: Followed, box: Box, awayMs: number): [number, number] {
  const gain = track.hits === 1 ? 1 : awayMs / (awayMs + VELOCITY_SMOOTHING_MS);
  const seconds = awayMs / 1000;
  const [x, y] = track.velocity;
  const seenX = (box[0] + box[2] / 2 - track.box[0] - track.box[2] / 2) / seconds;
  const seenY = (box[1] + box[3] / 2 - track.box[1] - track.box[3] / 2) / seconds;
  return [x + (seenX - x) * gain, y + (seenY - y) * gain];
}

/** The label is the one that its detections were surest of, the newer ones before the older. */
function vote(track: Followed, detection: Detection): void {
  const votes = new Map(track.votes.map(([label, weight]) => [label, weight * VOTE_DECAY]));
  votes.set(detection.label, (votes.get(detection.label) ?? 0) + detection.score);
  track.votes = [...votes]
    .sort(([labelA, a], [labelB, b]) => b - a || (labelA < labelB ? -1 : 1))
    .slice(0, MAX_VOTES);
  track.label = track.votes[0]?.[0] ?? detection.label;
}

/** What the tracker answers of a track. */
export function asObject(track: Followed): TrackedObject {
  return {
    trackId: track.id,
    label: track.label,
    group: track.group,
    score: track.score,
    topScore: track.topScore,
    box: track.box,
    isConfirmed: track.isConfirmed,
    trackConfidence: track.confidence,
    enteredMs: track.enteredMs,
  };
}
