import type { Point } from '../geometry/box.ts';
import { distanceToLine, doSegmentsMeet, sideOf } from '../geometry/segment.ts';
import type { LineSettings } from '../watch/watch-settings.ts';
import type { Approach, Crossing } from './rule-state.ts';
import { CLEARANCE, type Step } from './step.ts';

/**
 * Who was clear of the line on one side, goes over it, and is clear of it on the other, has crossed: once, however the box
 * jittered on the way, and not at all if he turns back. The frame of the crossing is the first one on the other side. Who goes
 * round the end of the line has not crossed it.
 */
export function stepAtLine(
  line: LineSettings,
  approach: Approach | undefined,
  before: Point | undefined,
  { foot, at }: Step,
): { readonly approach: Approach; readonly crossed: Crossing | undefined } | undefined {
  const side = sideOf(foot, line.from, line.to);
  if (side === 0) return approach && { approach, crossed: undefined };
  const now = side < 0 ? -1 : 1;
  const isClear = distanceToLine(foot, line.from, line.to, { x: at.box[2], y: at.box[3] }) >= CLEARANCE;
  const next: Approach = approach ?? { line: line.name, side: now, clearSide: 0 };
  if (now !== next.side) {
    next.side = now;
    delete next.crossing;
    const isOver = before !== undefined && doSegmentsMeet(before, foot, line.from, line.to);
    if (isOver && next.clearSide === -now) {
      next.crossing = { line: line.name, direction: now > 0 ? 'left-to-right' : 'right-to-left', at };
    }
  }
  if (!isClear) return { approach: next, crossed: undefined };
  const crossed = next.crossing;
  delete next.crossing;
  next.clearSide = now;
  return { approach: next, crossed };
}
