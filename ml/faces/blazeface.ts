/**
 * What BlazeFace's graph answers, made into faces: 896 anchors on two grids over a square of 256 pixels, each with a logit, a box
 * and six points (Bazarevsky et al., "BlazeFace", 2019, sections 3.2 and 3.3). Pure functions on typed arrays.
 */

export const INPUT_PIXELS = 256;
/** What `decodeFaces` takes, in this order: of the fine grid, then of the coarse one, scores and boxes. */
export const OUTPUT_NAMES = ['Identity', 'Identity_2', 'Identity_1', 'Identity_3'] as const;

/** `left` is where the one who looks at the picture has his left. */
export const LANDMARK_TYPES = ['eyeLeft', 'eyeRight', 'nose', 'mouth', 'earLeft', 'earRight'] as const;
export type LandmarkType = (typeof LANDMARK_TYPES)[number];

/** A face in the square that was looked at: pixels of the model's input. */
export interface SquareFace {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** In the order of LANDMARK_TYPES. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** 0 to 1. */
  readonly score: number;
}

const GRIDS = [
  { cells: 16, anchorsPerCell: 2 },
  { cells: 8, anchorsPerCell: 6 },
] as const;
/** Centre, size and six points. */
const VALUES_PER_ANCHOR = 16;
/** Answers of neighbouring anchors that overlap so much are of one face. */
const SAME_FACE_OVERLAP = 0.3;
/** Faces of one square; crowds are looked at in several. */
const MAX_FACES = 64;

/**
 * Faces in one square, the surest first. What several anchors say of one face is averaged, weighted by their scores, as the paper
 * does: a face that stands still then stays where it is, and so does its aligned crop.
 */
export function decodeFaces(outputs: readonly ArrayLike<number>[], minScore: number): SquareFace[] {
  const candidates: SquareFace[] = [];
  for (const [index, { cells, anchorsPerCell }] of GRIDS.entries()) {
    const logits = outputs[2 * index];
    const values = outputs[2 * index + 1];
    const anchors = cells * cells * anchorsPerCell;
    if (logits?.length !== anchors || values?.length !== anchors * VALUES_PER_ANCHOR) {
      throw new RangeError(`BlazeFace answers ${anchors} anchors on its grid of ${cells}`);
    }
    for (let anchor = 0; anchor < anchors; anchor++) {
      const score = sigmoid(logits[anchor] as number);
      if (!(score >= minScore)) continue;
      const cell = Math.floor(anchor / anchorsPerCell);
      const stride = INPUT_PIXELS / cells;
      const x = ((cell % cells) + 0.5) * stride;
      const y = (Math.floor(cell / cells) + 0.5) * stride;
      const face = faceOf(values, anchor * VALUES_PER_ANCHOR, x, y, score);
      if (face.width > 0 && face.height > 0) candidates.push(face);
    }
  }
  candidates.sort((a, b) => b.score - a.score);
  return blend(candidates);
}

function faceOf(values: ArrayLike<number>, start: number, x: number, y: number, score: number): SquareFace {
  const at = (i: number) => values[start + i] as number;
  const width = at(2);
  const height = at(3);
  return {
    left: x + at(0) - width / 2,
    top: y + at(1) - height / 2,
    width,
    height,
    points: LANDMARK_TYPES.map((_, i) => [x + at(4 + 2 * i), y + at(5 + 2 * i)] as const),
    score,
  };
}

/** Non-maximum suppression that averages instead of throwing away. */
function blend(sorted: readonly SquareFace[]): SquareFace[] {
  const faces: SquareFace[] = [];
  let rest = sorted;
  while (faces.length < MAX_FACES) {
    const [best] = rest;
    if (best === undefined) break;
    faces.push(average(rest.filter((face) => overlap(face, best) > SAME_FACE_OVERLAP || face === best)));
    rest = rest.filter((face) => face !== best && overlap(face, best) <= SAME_FACE_OVERLAP);
  }
  return faces;
}

function average(group: readonly SquareFace[]): SquareFace {
  const weight = group.reduce((sum, { score }) => sum + score, 0);
  const mean = (of: (face: SquareFace) => number) =>
    group.reduce((sum, face) => sum + of(face) * face.score, 0) / weight;
  return {
    left: mean(({ left }) => left),
    top: mean(({ top }) => top),
    width: mean(({ width }) => width),
    height: mean(({ height }) => height),
    points: LANDMARK_TYPES.map(
      (_, i) =>
        [mean(({ points }) => points[i]?.[0] ?? 0), mean(({ points }) => points[i]?.[1] ?? 0)] as const,
    ),
    score: Math.max(...group.map(({ score }) => score)),
  };
}

/** Intersection over union. */
function overlap(a: SquareFace, b: SquareFace): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
