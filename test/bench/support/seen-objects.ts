import { type Box, intersectionOverUnion, overlapArea } from '../../../ml/geometry/box.ts';
import type { TrackedObject } from '../../../ml/watch/observed.ts';

/**
 * What is to be seen in the clips of shared/media, drawn by hand once a second on their pictures and interpolated: an object counts
 * from the frame in which a good part of it is in the picture.
 */
interface TrueObject {
  readonly name: string;
  readonly group: string;
  /** Seconds, and left, top, right, bottom as fractions. */
  readonly path: readonly (readonly [number, readonly [number, number, number, number]])[];
}

const PARKING: readonly TrueObject[] = [
  {
    name: 'walker',
    group: 'person',
    path: [
      [6.6, [0, 0.1, 0.015, 0.25]],
      [6.9, [0, 0.12, 0.04, 0.27]],
      [7.9, [0.075, 0.08, 0.115, 0.26]],
      [8.9, [0.155, 0.065, 0.2, 0.245]],
      [9.9, [0.235, 0.035, 0.285, 0.205]],
      [10.9, [0.3, 0, 0.345, 0.17]],
      [11.9, [0.355, 0, 0.39, 0.095]],
      [12.5, [0.38, 0, 0.41, 0.04]],
    ],
  },
  {
    name: 'car',
    group: 'vehicle',
    path: [
      [10.2, [0.12, 0.88, 0.32, 1]],
      [10.4, [0.09, 0.8, 0.32, 1]],
      [10.9, [0.105, 0.69, 0.335, 1]],
      [11.9, [0.14, 0.455, 0.37, 0.98]],
      [12.9, [0.2, 0.255, 0.35, 0.66]],
      [13.9, [0.08, 0.145, 0.29, 0.435]],
      [14.9, [0, 0.13, 0.16, 0.36]],
      [15.7, [0, 0.16, 0.035, 0.33]],
    ],
  },
  {
    name: 'woman who pushes a bicycle',
    group: 'person',
    path: [
      [11.4, [0.655, 0, 0.7, 0.06]],
      [11.9, [0.665, 0, 0.72, 0.1]],
      [12.4, [0.68, 0, 0.74, 0.14]],
      [12.9, [0.7, 0, 0.765, 0.16]],
      [13.9, [0.76, 0.03, 0.86, 0.215]],
      [14.9, [0.86, 0.055, 0.96, 0.24]],
      [15.8, [0.95, 0.06, 1, 0.25]],
    ],
  },
  {
    name: 'bicycle',
    group: 'bicycle',
    path: [
      [11.4, [0.66, 0, 0.69, 0.07]],
      [12, [0.67, 0, 0.715, 0.11]],
      [12.4, [0.68, 0.01, 0.73, 0.14]],
      [12.8, [0.69, 0.03, 0.75, 0.165]],
      [13.2, [0.71, 0.06, 0.785, 0.195]],
      [13.6, [0.74, 0.095, 0.83, 0.215]],
      [14, [0.775, 0.12, 0.875, 0.23]],
      [14.4, [0.815, 0.14, 0.915, 0.24]],
      [14.8, [0.85, 0.145, 0.95, 0.24]],
      [15.2, [0.89, 0.15, 0.985, 0.24]],
      [15.6, [0.93, 0.16, 1, 0.24]],
      [16, [0.97, 0.165, 1, 0.24]],
    ],
  },
];

const CARS: readonly TrueObject[] = [
  {
    name: 'white',
    group: 'vehicle',
    path: [
      [4.5, [0.36, 0.86, 0.62, 1]],
      [4.9, [0.37, 0.74, 0.62, 1]],
      [5.9, [0.35, 0.35, 0.61, 1]],
      [6.9, [0.35, 0.03, 0.55, 0.57]],
      [7.9, [0.37, 0, 0.52, 0.22]],
      [8.7, [0.38, 0, 0.51, 0.04]],
    ],
  },
  {
    name: 'grey',
    group: 'vehicle',
    path: [
      [14.6, [0.2, 0, 0.34, 0.08]],
      [14.9, [0.2, 0, 0.34, 0.15]],
      [15.9, [0.15, 0, 0.34, 0.52]],
      [16.9, [0.09, 0.29, 0.32, 1]],
      [17.9, [0.09, 0.75, 0.31, 1]],
      [18.5, [0.08, 0.93, 0.31, 1]],
    ],
  },
  {
    name: 'red',
    group: 'vehicle',
    path: [
      [15.2, [0.42, 0.88, 0.64, 1]],
      [15.9, [0.41, 0.57, 0.65, 1]],
      [16.9, [0.4, 0.19, 0.62, 0.81]],
      [17.9, [0.4, 0, 0.58, 0.4]],
      [18.9, [0.4, 0, 0.54, 0.06]],
    ],
  },
];

const PERSON: readonly TrueObject[] = [
  {
    name: 'woman',
    group: 'person',
    path: [
      [0.3, [0.3, 0.6, 0.6, 1]],
      [0.5, [0.33, 0.5, 0.6, 1]],
      [1, [0.46, 0.21, 0.65, 1]],
      [1.5, [0.49, 0.08, 0.7, 0.91]],
      [2, [0.49, 0.04, 0.67, 0.9]],
      [12, [0.5, 0.03, 0.68, 0.9]],
      [12.5, [0.55, 0.05, 0.77, 0.9]],
      [13.5, [0.8, 0.12, 1, 0.93]],
      [13.7, [0.87, 0.15, 1, 0.93]],
    ],
  },
  {
    name: 'man',
    group: 'person',
    path: [
      [16.8, [0.2, 0.7, 0.44, 1]],
      [17.2, [0.34, 0.34, 0.63, 1]],
      [17.5, [0.39, 0.27, 0.64, 1]],
      [18, [0.46, 0.05, 0.69, 1]],
      [18.5, [0.48, 0.01, 0.71, 0.87]],
      [20, [0.5, 0.01, 0.71, 0.88]],
    ],
  },
];

/** By clip. */
export const TRUE_OBJECTS: Readonly<Record<string, readonly TrueObject[]>> = {
  'parking-720p-h264.mp4': PARKING,
  'parking-360p-h264.mp4': PARKING,
  'cars-360p-h264.mp4': CARS,
  'person-360p-h264.mp4': PERSON,
};

/** Confirmed objects of one frame. */
export interface SeenFrame {
  readonly seconds: number;
  readonly objects: readonly TrackedObject[];
}

export interface Sighting {
  /** Frames in which a true object is there, and in which it is followed. */
  shown: number;
  found: number;
  /** Objects that are followed where none of their group is. */
  wrong: number;
  /** Of those: something else is there. */
  misnamed: number;
  /** First frame in which each true object was followed, seconds; in order of the true objects. */
  readonly first: (number | undefined)[];
  /** Tracks that true objects were followed as. */
  tracks: number;
}

/** While an object comes or goes, and little of it is in the picture, it may be found, and is not missed. */
const FRINGE_SECONDS = 0.4;

/** Compares what was followed with what is there: boxes are drawn by hand, so that a third in common, or lying within, will do. */
export function compareWithTruth(truth: readonly TrueObject[], frames: readonly SeenFrame[]): Sighting {
  const first = truth.map(() => undefined);
  const sighting: Sighting = { shown: 0, found: 0, wrong: 0, misnamed: 0, first, tracks: 0 };
  const tracks = new Set<string>();
  for (const { seconds, objects } of frames) {
    for (const [index, { group, path }] of truth.entries()) {
      const place = placeAt(path, seconds);
      if (place === undefined) continue;
      const matching = objects.filter((object) => object.group === group && isSame(object.box, place));
      sighting.shown++;
      if (matching.length === 0) continue;
      sighting.found++;
      sighting.first[index] ??= seconds;
      for (const { trackId } of matching) tracks.add(`${index} ${trackId}`);
    }
    const around = truth.flatMap(({ group, path }) => {
      const place = placeAround(path, seconds);
      return place === undefined ? [] : [{ group, place }];
    });
    for (const object of objects) {
      const there = around.filter(({ place }) => isSame(object.box, place));
      if (there.some(({ group }) => group === object.group)) continue;
      sighting.wrong++;
      if (there.length > 0) sighting.misnamed++;
    }
  }
  sighting.tracks = tracks.size;
  return sighting;
}

/** How many of the objects of one run are in another, frame by frame. */
export function countShared(frames: readonly SeenFrame[], others: readonly SeenFrame[]): number {
  const bySecond = new Map(others.map(({ seconds, objects }) => [seconds, objects]));
  return frames.reduce(
    (sum, { seconds, objects }) =>
      sum +
      objects.filter((object) =>
        bySecond
          .get(seconds)
          ?.some(({ group, box }) => group === object.group && intersectionOverUnion(box, object.box) >= 0.5),
      ).length,
    0,
  );
}

function isSame(box: Box, place: Box): boolean {
  return intersectionOverUnion(box, place) >= 0.3 || overlapArea(box, place) >= 0.6 * box[2] * box[3];
}

/** Where it is, or where it is seen first or last if that is not long from or ago. */
function placeAround(path: TrueObject['path'], seconds: number): Box | undefined {
  const [begin, end] = [path[0]?.[0] ?? 0, path.at(-1)?.[0] ?? 0];
  if (seconds < begin - FRINGE_SECONDS || seconds > end + FRINGE_SECONDS) return undefined;
  return placeAt(path, Math.min(Math.max(seconds, begin), end));
}

function placeAt(path: TrueObject['path'], seconds: number): Box | undefined {
  const next = path.findIndex(([at]) => at >= seconds - 1e-6);
  const [after, before] = [path[next], path[next - 1] ?? path[next]];
  if (after === undefined || before === undefined || seconds < before[0] - 1e-6) return undefined;
  const share = after === before ? 0 : (seconds - before[0]) / (after[0] - before[0]);
  const [left = 0, top = 0, right = 0, bottom = 0] = before[1].map(
    (from, i) => from + ((after[1][i] ?? from) - from) * share,
  );
  return [left, top, right - left, bottom - top];
}
