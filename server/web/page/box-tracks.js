/**
 * Where objects are at any instant, from what is known of them at some: results of the live watch, and events of the past. Between two
 * known places an object moves evenly; a box is never shown where the watch has looked and seen nothing.
 */

/**
 * @typedef {readonly [left: number, top: number, width: number, height: number]} Box fractions of the picture
 * @typedef {{ trackId: string, label: string, score: number, box: Box }} Sighting
 * @typedef {{ atMs: number, isLast: boolean, sighting: Sighting }} Sample
 */

/** Known places that are further apart belong to two stretches: what was between them is not known. */
const MAX_GAP_MS = 6000;
/** After an event an object is taken to be where it was for so long (they come once a second), ... */
const EVENT_HOLD_MS = 2500;
/** ... and after a look until the next one, or for so long. */
const LOOK_HOLD_MS = 6000;
/** Times of one frame, told by two, are no further apart. */
const SAME_MS = 2;
const MAX_LOOKS = 3000;
const MAX_SAMPLES_OF_TRACK = 3000;
const MAX_TRACKS = 500;

export class BoxTracks {
  /** Instants at which the live watch looked, in order. */
  /** @type {number[]} */
  #looks = [];
  /** Places of each track, in order. */
  /** @type {Map<string, Sample[]>} */
  #tracks = new Map();

  /**
   * The live watch has looked: these objects are there, and no others.
   * @param {number} atMs producer time
   * @param {readonly Sighting[]} sightings
   */
  addLook(atMs, sightings) {
    insert(this.#looks, atMs, (look) => look);
    if (this.#looks.length > MAX_LOOKS) this.#looks.shift();
    for (const sighting of sightings) this.#add({ atMs, isLast: false, sighting });
  }

  /**
   * An event tells where an object was.
   * @param {number} atMs producer time
   * @param {Sighting} sighting
   * @param {{ isLast: boolean }} options it has left
   */
  addEvent(atMs, sighting, { isLast }) {
    this.#add({ atMs, isLast, sighting });
  }

  clear() {
    this.#looks = [];
    this.#tracks.clear();
  }

  /**
   * What is to be seen at an instant.
   * @param {number} atMs producer time
   * @returns {Sighting[]}
   */
  at(atMs) {
    const lastLook = this.#looks.findLast((look) => look <= atMs + SAME_MS);
    const nextLook = this.#looks.find((look) => look > atMs + SAME_MS);
    const found = [];
    for (const samples of this.#tracks.values()) {
      const sighting = sightingAt(samples, atMs, lastLook, nextLook);
      if (sighting !== undefined) found.push(sighting);
    }
    return found;
  }

  /** @param {Sample} sample */
  #add(sample) {
    const { trackId } = sample.sighting;
    const samples = this.#tracks.get(trackId) ?? [];
    // Again at the end: the track of which nothing was heard for longest goes first.
    this.#tracks.delete(trackId);
    this.#tracks.set(trackId, samples);
    insert(samples, sample, ({ atMs }) => atMs);
    if (samples.length > MAX_SAMPLES_OF_TRACK) samples.shift();
    if (this.#tracks.size <= MAX_TRACKS) return;
    const [oldest] = this.#tracks.keys();
    if (oldest !== undefined) this.#tracks.delete(oldest);
  }
}

/**
 * @param {readonly Sample[]} samples
 * @param {number} atMs
 * @param {number | undefined} lastLook
 * @param {number | undefined} nextLook
 */
function sightingAt(samples, atMs, lastLook, nextLook) {
  const index = samples.findLastIndex((sample) => sample.atMs <= atMs + SAME_MS);
  const before = samples[index];
  if (before === undefined) return undefined;
  const passedMs = Math.max(0, atMs - before.atMs);
  if (before.isLast) return passedMs <= SAME_MS ? before.sighting : undefined;
  const after = samples[index + 1];
  // The watch has looked since, and has not seen it.
  const wasMissed = lastLook !== undefined && lastLook > before.atMs + SAME_MS && passedMs > SAME_MS;
  if (after !== undefined && after.atMs - before.atMs <= MAX_GAP_MS) {
    return wasMissed ? undefined : between(before, after, passedMs / (after.atMs - before.atMs));
  }
  if (wasMissed) return undefined;
  // It will not be seen at the next look: it is gone somewhere on the way there.
  const isLooked = lastLook !== undefined && Math.abs(lastLook - before.atMs) <= SAME_MS;
  const willBeMissed = isLooked && nextLook !== undefined && passedMs > (nextLook - before.atMs) / 2;
  if (willBeMissed) return undefined;
  return passedMs <= (isLooked ? LOOK_HOLD_MS : EVENT_HOLD_MS) ? before.sighting : undefined;
}

/**
 * @param {Sample} before
 * @param {Sample} after
 * @param {number} part
 * @returns {Sighting}
 */
function between(before, after, part) {
  const from = before.sighting.box;
  const to = after.sighting.box;
  const mix = (/** @type {0 | 1 | 2 | 3} */ i) => from[i] + (to[i] - from[i]) * part;
  return { ...before.sighting, box: [mix(0), mix(1), mix(2), mix(3)] };
}

/**
 * Puts an item where it belongs; one of the same time is replaced.
 * @template T
 * @param {T[]} items in order
 * @param {T} item
 * @param {(item: T) => number} timeOf
 */
function insert(items, item, timeOf) {
  const atMs = timeOf(item);
  let index = items.length;
  while (index > 0 && timeOf(/** @type {T} */ (items[index - 1])) > atMs + SAME_MS) index--;
  const earlier = items[index - 1];
  const isSame = earlier !== undefined && Math.abs(timeOf(earlier) - atMs) <= SAME_MS;
  if (isSame) items[index - 1] = item;
  else items.splice(index, 0, item);
}
