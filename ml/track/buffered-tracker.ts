import { z } from 'zod';
import type { Detection } from '../detect/detection.ts';
import { type Box, intersectionOverUnion, overlapArea } from '../geometry/box.ts';
import type { FrameRef } from '../watch/frame.ts';
import { associate, type Surroundings } from './association.ts';
import { asObject, begin, type Followed, followedSchema, goOn, rest } from './followed.ts';
import { FrameClock, type FrameStep, frameClockSchema } from './frame-clock.ts';
import { groupOf } from './label-groups.ts';
import { shortHash } from './short-hash.ts';
import type { DepartedObject, Restoration, Tracker, TrackerSettings, TrackerUpdate } from './tracker.ts';

/** Most that is followed at once. When there are as many, strong detections of nobody are refused, and counted. */
export const MAX_TRACKS = 256;
/** The strongest of a frame; the others are refused. */
const MAX_DETECTIONS = 512;
/** Misses in a row after which something has left, whatever the time. */
const MISSES = 3;
/** Boxes of different labels of a group that share this much are one object, called twice. */
const SAME_OBJECT = 0.65;
/** Detections go on with a track from this share of `minScore` on (detection.md §6: 0.35 and 0.2). */
const WEAK_SHARE = 0.6;
/** An object of which this much is in a part of the picture that was looked at would have been found there. */
const LOOKED_AT = 0.7;
/** Sums of thirds. */
const ROUNDING_MS = 0.001;
const WIDE = 16 / 9;
const TRACK_ID_LENGTH = 16;

const stateSchema = z.strictObject({
  version: z.literal(1),
  idPrefix: z.string().max(1024),
  clock: frameClockSchema,
  tracks: z.array(followedSchema).max(MAX_TRACKS),
});

/** What a detector should be asked for, so that the tracker gets what goes on with a track without being strong enough for a new one. */
export function weakestScore(minScore: number): number {
  return minScore * WEAK_SHARE;
}

/**
 * A tracker that begins anew, or goes on from a state. The prefix stands for stream, watch and model: it makes the ids of tracks
 * unique, and the same again when the same frames are looked at again.
 */
export function createTracker(settings: TrackerSettings, idPrefix: string, state?: unknown): Tracker {
  return new BufferedTracker(settings, idPrefix, state);
}

class BufferedTracker implements Tracker {
  readonly restoration: Restoration;
  readonly #settings: TrackerSettings;
  readonly #timeoutMs: number;
  readonly #idPrefix: string;
  /** Tracks of another prefix (another model's) are not gone on with: they end with the first frame. */
  #tracksPrefix: string;
  readonly #clock: FrameClock;
  #tracks: Followed[];

  constructor(settings: TrackerSettings, idPrefix: string, state: unknown) {
    this.#settings = settings;
    this.#timeoutMs = settings.timeoutSeconds * 1000;
    this.#idPrefix = idPrefix;
    const { data } = stateSchema.safeParse(state);
    this.restoration = state === undefined ? 'none' : data === undefined ? 'rejected' : 'restored';
    this.#tracksPrefix = data?.idPrefix ?? idPrefix;
    this.#clock = new FrameClock(data?.clock);
    this.#tracks = data?.tracks ?? [];
  }

  observe(detections: readonly Detection[], frame: FrameRef, looked?: readonly Box[]): TrackerUpdate {
    const step = this.#clock.advance(frame, this.#timeoutMs);
    if (step === undefined) return this.#answer('repeat', frame);
    const ended = this.#endForeign();
    const { objects, refused } = tellApart(detections, this.#settings);
    const seen = new Set<Followed>();
    const begun: Followed[] = [];
    let left = 0;
    for (const [group, found] of Map.groupBy(objects, ({ label }) => groupOf(label, this.#settings.groups))) {
      const strangers = this.#goOn(group, found, frame, step, seen);
      for (const detection of strangers) {
        if (this.#tracks.length + begun.length >= MAX_TRACKS) left++;
        else begun.push(this.#begin(group, detection, frame, begun.length));
      }
    }
    const gone = this.#miss(seen, step.stepMs, looked);
    this.#tracks.push(...begun);
    const found = new Set([...seen, ...begun].map(({ id }) => id));
    return this.#answer('look', frame, { found, departed: [...ended, ...gone], refused: refused + left });
  }

  hold(frame: FrameRef): TrackerUpdate {
    const step = this.#clock.advance(frame, this.#timeoutMs);
    if (step === undefined) return this.#answer('repeat', frame);
    const departed = this.#endForeign();
    for (const track of this.#tracks) rest(track, step.stepMs);
    return this.#answer('hold', frame, { departed });
  }

  end(frame: FrameRef): TrackerUpdate {
    this.#clock.advance(frame, this.#timeoutMs);
    return this.#answer('end', frame, { departed: this.#endAll() });
  }

  state(): unknown {
    const state: z.input<typeof stateSchema> = {
      version: 1,
      idPrefix: this.#tracksPrefix,
      clock: this.#clock.state,
      tracks: structuredClone(this.#tracks),
    };
    return state;
  }

  /** Goes on with the tracks of a group, the strong detections first. Answers the strong ones that nobody goes on with. */
  #goOn(
    group: string,
    found: readonly Detection[],
    frame: FrameRef,
    step: FrameStep,
    seen: Set<Followed>,
  ): Detection[] {
    const around: Surroundings = {
      nowMs: this.#clock.elapsedMs,
      aspect: this.#settings.aspect ?? WIDE,
      isAfterGap: step.isGap,
    };
    const tracks = this.#tracks.filter((track) => track.group === group);
    const strong = found.filter(({ score }) => score >= this.#settings.minScore);
    const weak = found.filter(({ score }) => score < this.#settings.minScore);
    const known = new Set<Detection>();
    for (const [isHit, detections] of [
      [true, strong],
      [false, weak],
    ] as const) {
      const waiting = tracks.filter((track) => !seen.has(track));
      for (const { track, detection, overlap, ambiguity } of associate(waiting, detections, around)) {
        goOn(track, detection, { isHit, overlap, ambiguity }, frame, this.#clock.elapsedMs);
        if (track.hits >= this.#settings.confirmHits) track.isConfirmed = true;
        seen.add(track);
        known.add(detection);
      }
    }
    return strong.filter((detection) => !known.has(detection));
  }

  #begin(group: string, detection: Detection, frame: FrameRef, ordinal: number): Followed {
    // To the microsecond: the same frame may be timed by other sums when it is looked at again.
    const offsetUs = Math.round(frame.offsetMs * 1000);
    const id = shortHash([this.#idPrefix, frame.fragmentNumber, offsetUs, ordinal], TRACK_ID_LENGTH);
    return begin(id, group, detection, frame, {
      nowMs: this.#clock.elapsedMs,
      isConfirmed: this.#settings.confirmHits <= 1,
    });
  }

  /**
   * What was looked for and not seen was missed. Of the time since the look before at most a third of the timeout counts: so
   * nothing leaves before it was missed three times, and a gap, in which nobody looked, is no absence.
   */
  #miss(seen: ReadonlySet<Followed>, stepMs: number, looked: readonly Box[] | undefined): DepartedObject[] {
    const departed: DepartedObject[] = [];
    this.#tracks = this.#tracks.filter((track) => {
      if (seen.has(track)) return true;
      if (looked !== undefined && !isLookedAt(track.box, looked)) {
        rest(track, stepMs);
        return true;
      }
      track.misses++;
      track.absentMs += Math.min(track.unlookedMs + stepMs, this.#timeoutMs / MISSES);
      track.unlookedMs = 0;
      const isOver = !track.isConfirmed || track.absentMs >= this.#timeoutMs - ROUNDING_MS;
      if (track.misses < MISSES || !isOver) return true;
      departed.push(depart(track, 'gone'));
      return false;
    });
    return departed;
  }

  #endForeign(): DepartedObject[] {
    const ended = this.#tracksPrefix === this.#idPrefix ? [] : this.#endAll();
    this.#tracksPrefix = this.#idPrefix;
    return ended;
  }

  #endAll(): DepartedObject[] {
    const ended = this.#tracks.map((track) => depart(track, 'ended'));
    this.#tracks = [];
    return ended;
  }

  #answer(
    kind: TrackerUpdate['kind'],
    frame: FrameRef,
    what: Partial<Pick<TrackerUpdate, 'found' | 'departed' | 'refused'>> = {},
  ): TrackerUpdate {
    const objects = this.#tracks.filter(({ misses }) => misses === 0).map(asObject);
    const { found = new Set(), departed = [], refused = 0 } = what;
    return { kind, frame, elapsedMs: this.#clock.elapsedMs, objects, found, departed, refused };
  }
}

function depart(track: Followed, reason: DepartedObject['reason']): DepartedObject {
  return { ...asObject(track), lastFrame: track.lastFrame, reason };
}

/** Would an object there have been seen? */
function isLookedAt(box: Box, looked: readonly Box[]): boolean {
  return looked.some((region) => overlapArea(region, box) >= LOOKED_AT * box[2] * box[3]);
}

/** The strongest first, nonsense left out; an object that was called by two labels of its group once, by the one that is surer. */
function tellApart(
  detections: readonly Detection[],
  { groups }: TrackerSettings,
): { readonly objects: readonly Detection[]; readonly refused: number } {
  const ordered = detections.filter(isSound).toSorted(compareDetections);
  const objects: Detection[] = [];
  for (const detection of ordered.slice(0, MAX_DETECTIONS)) {
    const isCalledTwice = objects.some(
      ({ label, box }) =>
        label !== detection.label &&
        groupOf(label, groups) === groupOf(detection.label, groups) &&
        intersectionOverUnion(box, detection.box) >= SAME_OBJECT,
    );
    if (!isCalledTwice) objects.push(detection);
  }
  return { objects, refused: detections.length - Math.min(ordered.length, MAX_DETECTIONS) };
}

/** What a model of the operator's answers may be anything. */
function isSound({ score, box }: Detection): boolean {
  return Number.isFinite(score) && box.every(Number.isFinite) && box[2] > 0 && box[3] > 0;
}

/** One order for one set of detections, in whatever order the model gave them: ids depend on it. */
function compareDetections(a: Detection, b: Detection): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.label !== b.label) return a.label < b.label ? -1 : 1;
  for (const [index, value] of a.box.entries()) {
    const difference = value - (b.box[index] ?? value);
    if (difference !== 0) return difference;
  }
  return 0;
}
