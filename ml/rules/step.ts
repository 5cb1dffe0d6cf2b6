import type { Point } from '../geometry/box.ts';
import type { Sighting } from './rules.ts';

/** Share of an object's size that its foot must be away from an edge or a line to be clear of it. */
export const CLEARANCE = 0.1;

/** An object was seen again. */
export interface Step {
  /** Middle of the lower edge of its box. */
  readonly foot: Point;
  readonly at: Sighting;
  /** On the clock of the tracker. */
  readonly elapsedMs: number;
}
