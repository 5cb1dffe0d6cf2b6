import type { Box } from '../geometry/box.ts';

/** What a detector says of one frame: one object (design.md §1). */
export interface Detection {
  /** In the words of the model: `person`, `car`, ... */
  readonly label: string;
  /** How sure the detector is, 0 to 1. Not a probability. */
  readonly score: number;
  readonly box: Box;
}
