import type { BitReader } from './bit-reader.ts';

/** Distances in picture order count, nearest first: DeltaPocS0 and DeltaPocS1 of H.265 §7.4.8. */
interface RefPicSet {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const MAX_SETS = 64;
const MAX_PICTURES = 16;

/**
 * Steps over the short-term reference picture sets of an SPS (H.265 §7.3.7). A set may be coded as a change of the one
 * before, with as many flags as that one has pictures, so the sets must be followed. Throws CodecError.
 */
export function skipShortTermRefPicSets(reader: BitReader): void {
  const count = reader.ueAtMost(MAX_SETS, 'num_short_term_ref_pic_sets');
  let previous: RefPicSet | undefined;
  for (let i = 0; i < count; i++) {
    // inter_ref_pic_set_prediction_flag is there for all but the first.
    previous = previous && reader.flag() ? readPredicted(reader, previous) : readExplicit(reader);
  }
}

function readExplicit(reader: BitReader): RefPicSet {
  const before = reader.ueAtMost(MAX_PICTURES, 'num_negative_pics');
  const after = reader.ueAtMost(MAX_PICTURES, 'num_positive_pics');
  return { before: readDistances(reader, before, -1), after: readDistances(reader, after, 1) };
}

function readDistances(reader: BitReader, count: number, sign: 1 | -1): number[] {
  const distances: number[] = [];
  let distance = 0;
  for (let i = 0; i < count; i++) {
    distance += sign * (reader.ue() + 1);
    distances.push(distance);
    reader.skip(1); // used_by_curr_pic_flag
  }
  return distances;
}

/** (7-61) and (7-62): the pictures of the previous set and that set's own picture, all moved by deltaRps. */
function readPredicted(reader: BitReader, previous: RefPicSet): RefPicSet {
  const isNegative = reader.flag();
  const deltaRps = (isNegative ? -1 : 1) * (reader.ue() + 1);
  const moved = (distances: readonly number[]): number[] =>
    distances.map((distance) => distance + deltaRps).filter(() => isKept(reader));
  const before = moved(previous.before);
  const after = moved(previous.after);
  const own = isKept(reader) ? [deltaRps] : [];
  return {
    before: [...after.toReversed(), ...own, ...before].filter((distance) => distance < 0),
    after: [...before.toReversed(), ...own, ...after].filter((distance) => distance > 0),
  };
}

/** used_by_curr_pic_flag, or else use_delta_flag. */
function isKept(reader: BitReader): boolean {
  return reader.flag() || reader.flag();
}
