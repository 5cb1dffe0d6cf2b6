import type { Detection } from '../detect/detection.ts';
import type { Look } from '../detect/detector.ts';
import { type Box, overlapArea } from '../geometry/box.ts';
import { around } from './block-map.ts';
import type { Motion } from './motion-gate.ts';
import { type Area, isCutOff, type PixelSize, planLooks, wholeLook } from './plan-looks.ts';

export interface LookPlannerSettings {
  /** Frames in which nothing moves are not looked at. */
  readonly motionGate: boolean;
  /** The whole picture is looked at this often, whatever moves. */
  readonly heartbeatSeconds: number;
  /** Of the detector: what the whole picture is given. */
  readonly input: PixelSize;
  /** Of the detector; absent: only whole pictures are looked at. */
  readonly inputStep?: number;
}

/** An object that is followed, as it was in the last frame. */
export interface KnownObject {
  readonly trackId: string;
  readonly box: Box;
  readonly isConfirmed: boolean;
}

export interface Looks {
  readonly looks: readonly Look[];
  /** They see all of the picture. */
  readonly isWhole: boolean;
}

/** What is to be done with a frame. */
export type LookPlan = { readonly skip: 'no-motion' } | Looks;

/** Which parts of the picture were looked at, as trackers ask; `undefined` for all of it. */
export function lookedAt(plan: Looks): readonly Box[] | undefined {
  return plan.isWhole ? undefined : plan.looks.map(({ region }) => region);
}

/** What was seen as a whole: not what ends where a look ended, of which the next frame's looks will show more. */
export function seenWhole(detections: readonly Detection[], plan: Looks): readonly Detection[] {
  return plan.isWhole ? detections : detections.filter(({ box }) => !isCutOff(box, plan.looks));
}

/** What came of a plan. */
export interface LookResult extends Looks {
  readonly timeMs: number;
  /** All that the detector answered. */
  readonly detections: readonly Detection[];
  /** All that is followed and was seen in this frame. */
  readonly objects: readonly KnownObject[];
}

/** Objects whose longer side is at least this, in pixels of the whole picture's input, are found with half of them as well. */
const LARGE_PIXELS = 160;
const LARGE_SCALE = 0.5;
/** But looked at with all of them this often, for what is small beside them. */
const FINE_LOOK_MS = 1000;
/**
 * Up to this they are seen larger: shown small with little around it, a pushed bicycle is called a motorcycle, more surely than in
 * the whole picture.
 */
const SMALL_PIXELS = 64;
const SMALL_SCALE = 1.5;
/** Frames that are farther apart are each the only chance to see something: no part of them is left out. */
const SPARSE_MS = 1000;
/** Where something was lost, it is looked for this often, and for this long: until the tracker has given it up. */
const LOST_LOOK_MS = 1000;
const LOST_MS = 10_000;
/** What is not believed yet is looked at again for this long; a stain that is taken for something now and then, not for ever. */
const DOUBT_MS = 2000;
/** More places are not remembered. */
const MAX_PLACES = 64;

interface Place {
  readonly box: Box;
  readonly sinceMs: number;
}

/**
 * Decides how each frame of one stream is looked at: not at all, at the parts in which something moves or is expected, or as a
 * whole. What a look at the whole picture would find is to be found, for less (docs/decisions/2026-11-21-cheaper-looks.md). Pure:
 * time is passed in.
 *
 * A frame goes this way: `plan`; if it is not skipped, the detector's `detect` with its looks, the tracker's `observe` with
 * `seenWhole` of what was found and with the regions of the looks, then `learn`. If it is skipped, the tracker's `hold`.
 */
export class LookPlanner {
  readonly #settings: LookPlannerSettings;
  #objects: readonly KnownObject[] = [];
  #frameMs: number | undefined;
  #wholeMs: number | undefined;
  #fineMs = 0;
  #lostLookMs = 0;
  /** Boxes that ended where a look ended. */
  #cut: readonly Box[] = [];
  /** By track. */
  readonly #lost = new Map<string, Place>();
  readonly #doubted = new Map<string, Place>();

  constructor(settings: LookPlannerSettings) {
    this.#settings = settings;
  }

  plan(motion: Motion, timeMs: number): LookPlan {
    const { input, inputStep, motionGate } = this.#settings;
    const whole = { looks: [wholeLook({ whole: input })], isWhole: true };
    const isSparse = this.#frameMs === undefined || Math.abs(timeMs - this.#frameMs) >= SPARSE_MS;
    this.#frameMs = timeMs;
    if (!motionGate || motion.isNewScene || this.#isHeartbeat(timeMs)) return whole;
    const places = [...motion.moving, ...motion.changed, ...this.#doubtful(timeMs)];
    if (places.length === 0) return { skip: 'no-motion' };
    if (inputStep === undefined || isSparse) return whole;
    const isFine = Math.abs(timeMs - this.#fineMs) >= FINE_LOOK_MS;
    const areas = places.map((box) => this.#areaOf(box, isFine));
    const looks = planLooks(areas, { whole: input, step: inputStep });
    return looks === undefined ? whole : { looks, isWhole: false };
  }

  /** To be told after every look. */
  learn({ timeMs, looks, isWhole, detections, objects }: LookResult): void {
    const { input } = this.#settings;
    if (isWhole) this.#wholeMs = timeMs;
    if (looks.every(({ region, input: given }) => given.width >= region[2] * input.width * 0.9)) {
      this.#fineMs = timeMs;
    }
    this.#cut = isWhole
      ? []
      : detections
          .filter(({ box }) => isCutOff(box, looks))
          .map(({ box }) => box)
          .slice(0, MAX_PLACES);
    this.#remember(objects, timeMs);
    this.#objects = objects;
  }

  #isHeartbeat(timeMs: number): boolean {
    return (
      this.#wholeMs === undefined ||
      // Time may go back.
      Math.abs(timeMs - this.#wholeMs) >= this.#settings.heartbeatSeconds * 1000
    );
  }

  /** Where it is not clear yet what is there, though nothing moves. */
  #doubtful(timeMs: number): Box[] {
    const doubted = Array.from(this.#doubted.values())
      .filter(({ sinceMs }) => Math.abs(timeMs - sinceMs) <= DOUBT_MS)
      .map(({ box }) => box);
    const isDue = Math.abs(timeMs - this.#lostLookMs) >= LOST_LOOK_MS && this.#lost.size > 0;
    if (isDue) this.#lostLookMs = timeMs;
    const lost = isDue ? Array.from(this.#lost.values(), ({ box }) => box) : [];
    return [...doubted, ...this.#cut, ...lost];
  }

  /** A place and all objects that it touches: a look must not cut them. */
  #areaOf(place: Box, isFine: boolean): Area {
    let box = place;
    const touched = new Set<KnownObject>();
    for (let size = -1; size < touched.size; ) {
      size = touched.size;
      for (const object of this.#objects) {
        if (touched.has(object) || overlapArea(object.box, box) === 0) continue;
        touched.add(object);
        box = around(box, object.box);
      }
    }
    return { box, isNew: touched.size === 0, scale: this.#scaleFor([...touched], isFine) };
  }

  #scaleFor(objects: readonly KnownObject[], isFine: boolean): number {
    if (objects.length === 0) return 1;
    const isLarge = ({ box, isConfirmed }: KnownObject) =>
      isConfirmed && this.#longerSide(box) >= LARGE_PIXELS;
    if (!isFine && objects.every(isLarge)) return LARGE_SCALE;
    return objects.every(({ box }) => this.#longerSide(box) <= SMALL_PIXELS) ? SMALL_SCALE : 1;
  }

  #longerSide([, , width, height]: Box): number {
    const { input } = this.#settings;
    return Math.max(width * input.width, height * input.height);
  }

  /** What was followed and is not seen any more is looked for where it was; what is new, where it is. */
  #remember(objects: readonly KnownObject[], timeMs: number): void {
    const seen = new Map(objects.map((object) => [object.trackId, object]));
    for (const { trackId, box } of this.#objects) {
      if (!seen.has(trackId) && this.#lost.size < MAX_PLACES)
        this.#lost.set(trackId, { box, sinceMs: timeMs });
    }
    for (const [trackId, { sinceMs }] of this.#lost) {
      if (seen.has(trackId) || Math.abs(timeMs - sinceMs) >= LOST_MS) this.#lost.delete(trackId);
    }
    for (const trackId of this.#doubted.keys()) {
      if (seen.get(trackId)?.isConfirmed !== false) this.#doubted.delete(trackId);
    }
    for (const { trackId, box, isConfirmed } of objects) {
      if (isConfirmed || this.#doubted.size >= MAX_PLACES) continue;
      this.#doubted.set(trackId, { box, sinceMs: this.#doubted.get(trackId)?.sinceMs ?? timeMs });
    }
  }
}
