import { z } from 'zod';
import { MAX_TRACKS } from '../track/buffered-tracker.ts';
import { frameRefSchema } from '../track/frame-clock.ts';

/** What the rules keep of each track, in memory and as JSON alike. */

/** As many as there may be settings of. */
const MAX_RULES = 32;
/** Crossings that wait until their object is confirmed. */
export const MAX_WAITING = 8;

const name = z.string().max(64);
const number = z.number();

const sighting = z.strictObject({
  frame: frameRefSchema,
  box: z.tuple([number, number, number, number]).readonly(),
  score: number,
});

const stay = z.strictObject({
  zone: name,
  /** On the clock of the tracker. */
  sinceMs: number,
  /** Its `zone` `enter` was told. */
  isTold: z.boolean(),
  isDwellTold: z.boolean(),
  /** The foot is outside, but not yet clearly so: where it was first. */
  out: z.strictObject({ at: sighting, elapsedMs: number }).exactOptional(),
});

const crossing = z.strictObject({
  line: name,
  direction: z.enum(['left-to-right', 'right-to-left']),
  at: sighting,
});

const approach = z.strictObject({
  line: name,
  /** Where the foot was last: -1 left, 1 right. */
  side: z.literal([-1, 1]),
  /** Where it was last clear of the line; 0: nowhere yet. */
  clearSide: z.literal([-1, 0, 1]),
  /** It went over, but is not yet clear of the line. */
  crossing: crossing.exactOptional(),
});

const ruledTrack = z.strictObject({
  id: name,
  foot: z.tuple([number, number]).readonly(),
  seenMs: number,
  stays: z.array(stay).max(MAX_RULES),
  approaches: z.array(approach).max(MAX_RULES),
  waiting: z.array(crossing).max(MAX_WAITING),
});

export const rulesStateSchema = z.strictObject({
  version: z.literal(1),
  tracks: z.array(ruledTrack).max(MAX_TRACKS),
});

export type Stay = z.output<typeof stay>;
export type Crossing = z.output<typeof crossing>;
export type Approach = z.output<typeof approach>;
export type RuledTrack = z.output<typeof ruledTrack>;
