import type { Look } from '../detect/detector.ts';
import { type Box, overlapArea, WHOLE_PICTURE } from '../geometry/box.ts';
import { around } from './block-map.ts';

/** Pixels, each way. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** What a detector takes. */
export interface LookInput {
  /** What the whole picture is given: the scale at which everything is seen. */
  readonly whole: PixelSize;
  /** Inputs may have any multiple of this, each way. */
  readonly step: number;
}

/** Something to look at. */
export interface Area {
  readonly box: Box;
  /** Nothing in it is followed yet: it is shown with more around it, as a picture is understood better with its surroundings. */
  readonly isNew: boolean;
  /** Pixels of input for each of the whole picture's, each way. */
  readonly scale: number;
}

/** Pixels of the whole picture's input around an area: what moved on since, and room for what is around it. */
const MARGIN = 32;
/** Steps that an input has at least, each way. */
const MIN_STEPS = 4;
const MIN_NEW_STEPS = 6;
/**
 * What a look costs beside its pixels, in squares of a step: measured, 9 ms for 64 x 64, 18 for 128 x 128, 27 for 256 x 160, 52 for
 * 384 x 224, 90 for 512 x 288.
 */
const LOOK_COST = 12;
/** Parts that cost more than this share of the whole picture are not worth it. */
const MAX_SHARE = 0.75;

/**
 * Which parts of a picture to look at, and with how many pixels, so that all areas are seen at their scale, at the least cost: areas
 * are joined where one look is cheaper than two, at the scale of the whole picture where they differ. `undefined` where the whole
 * picture costs hardly more.
 */
export function planLooks(areas: readonly Area[], input: LookInput): Look[] | undefined {
  let parts = areas.map((area) => ({ area, look: lookAt(area, input) }));
  for (;;) {
    const best = bestJoin(parts, input);
    if (best === undefined) break;
    parts = [...parts.filter((part) => part !== best.a && part !== best.b), best.joined];
  }
  const looks = parts.map(({ look }) => look);
  const total = looks.reduce((sum, look) => sum + costOf(look, input), 0);
  return total > MAX_SHARE * costOf(wholeLook(input), input) ? undefined : looks;
}

export function wholeLook({ whole }: Pick<LookInput, 'whole'>): Look {
  return { region: WHOLE_PICTURE, input: whole };
}

interface Part {
  readonly area: Area;
  readonly look: Look;
}

/** The two parts whose joining saves most; `undefined` where none saves anything. */
function bestJoin(parts: readonly Part[], input: LookInput) {
  let best: { readonly a: Part; readonly b: Part; readonly joined: Part } | undefined;
  let mostSaved = 0;
  for (const [i, a] of parts.entries()) {
    for (const b of parts.slice(i + 1)) {
      const area = join(a.area, b.area);
      const joined = { area, look: lookAt(area, input) };
      const saved = costOf(a.look, input) + costOf(b.look, input) - costOf(joined.look, input);
      if (saved > mostSaved) {
        mostSaved = saved;
        best = { a, b, joined };
      }
    }
  }
  return best;
}

function join(a: Area, b: Area): Area {
  const scale = a.scale === b.scale ? a.scale : 1;
  return { box: around(a.box, b.box), isNew: a.isNew || b.isNew, scale };
}

function costOf({ input: { width, height } }: Look, { step }: LookInput): number {
  return LOOK_COST + (width * height) / step ** 2;
}

/** The area with its margin, in whole steps, moved into the picture where it stands out. */
function lookAt({ box, isNew, scale }: Area, { whole, step }: LookInput): Look {
  const unit = step / scale;
  // What is seen larger has no less around it.
  const minimum = (isNew ? MIN_NEW_STEPS : MIN_STEPS) * Math.max(unit, step);
  const [left, width] = cutOut(box[0] * whole.width, box[2] * whole.width, whole.width, unit, minimum);
  const [top, height] = cutOut(box[1] * whole.height, box[3] * whole.height, whole.height, unit, minimum);
  return {
    region: [left / whole.width, top / whole.height, width / whole.width, height / whole.height],
    input: { width: toSteps(width * scale, step), height: toSteps(height * scale, step) },
  };
}

function cutOut(
  start: number,
  length: number,
  size: number,
  unit: number,
  minimum: number,
): [number, number] {
  const from = Math.max(start - MARGIN, 0);
  const to = Math.min(start + length + MARGIN, size);
  const taken = Math.min(Math.max(Math.ceil((to - from) / unit) * unit, minimum), size);
  return [Math.min(Math.max((from + to - taken) / 2, 0), size - taken), taken];
}

function toSteps(pixels: number, step: number): number {
  return Math.max(Math.ceil(pixels / step), 1) * step;
}

/** Does a box end where one of the looks ended, and the picture went on? Then only a part of the object may have been seen. */
export function isCutOff(box: Box, looks: readonly Look[]): boolean {
  const seenBy = looks.filter(({ region }) => overlapArea(region, box) > 0);
  return seenBy.length > 0 && seenBy.every(({ region }) => touchesBorder(box, region));
}

/** Of a region's side. */
const BORDER = 0.012;

function touchesBorder([left, top, width, height]: Box, [x, y, across, down]: Box): boolean {
  return (
    (x > 0 && left - x < BORDER * across) ||
    (y > 0 && top - y < BORDER * down) ||
    (x + across < 1 && x + across - left - width < BORDER * across) ||
    (y + down < 1 && y + down - top - height < BORDER * down)
  );
}
