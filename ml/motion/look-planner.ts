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

/** What is to be done with a frame. */
export type LookPlan =
  | { readonly skip: 'no-motion' }
  | {
      readonly looks: readonly Look[];
      /** They see all of the picture. */
      readonly isWhole: boolean;
    };

/** What came of a plan. */
export interface LookResult {
  readonly timeMs: number;
  readonly looks: readonly Look[];
  readonly isWhole: boolean;
  readonly detections: readonly Detection[];
  /** All that is followed and was seen in this frame. */
  readonly objects: readonly KnownObject[];
}

/** Objects whose longer side is at least this, in pixels of the whole picture's input, are found with half of them as well. */
const LARGE_PIXELS = 160;
/** But looked at with all of them this often, for what is small beside them. */
const FINE_LOOK_MS = 1000;
/** Where something was lost, it is looked for this often, and for this long: until the tracker has given it up. */
const LOST_LOOK_MS = 1000;
const LOST_MS = 10_000;
/** More places are not remembered. */
const MAX_PLACES = 64;

interface LostObject {
  readonly box: Box;
  readonly sinceMs: number;
}

/**
 * Decides how each frame of one stream is looked at: not at all, at the parts in which something moves or is expected, or as a
 * whole. Everything that a look at the whole picture would find is to be found, for less (docs/decisions: cheaper looks). Pure: time
 * is passed in.
 */
export class LookPlanner {
  readonly #settings: LookPlannerSettings;
  #objects: readonly KnownObject[] = [];
  #wholeMs: number | undefined;
  #fineMs = 0;
  #lostLookMs = 0;
  /** Boxes that ended where a look ended. */
  #cut: readonly Box[] = [];
  #lost = new Map<string, LostObject>();

  constructor(settings: LookPlannerSettings) {
    this.#settings = settings;
  }

  plan(motion: Motion, timeMs: number): LookPlan {
    const { input, inputStep, motionGate } = this.#settings;
    const whole = { looks: [wholeLook({ whole: input })], isWhole: true };
    if (!motionGate || motion.isNewScene || this.#isHeartbeat(timeMs)) return whole;
    const places = [...motion.moving, ...motion.changed, ...this.#doubtful(timeMs)];
    if (places.length === 0) return { skip: 'no-motion' };
    if (inputStep === undefined) return whole;
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
    const unconfirmed = this.#objects.filter(({ isConfirmed }) => !isConfirmed).map(({ box }) => box);
    const isDue = Math.abs(timeMs - this.#lostLookMs) >= LOST_LOOK_MS && this.#lost.size > 0;
    if (isDue) this.#lostLookMs = timeMs;
    const lost = isDue ? Array.from(this.#lost.values(), ({ box }) => box) : [];
    return [...unconfirmed, ...this.#cut, ...lost];
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
    const isLarge = ({ box, isConfirmed }: KnownObject) =>
      isConfirmed && this.#longerSide(box) >= LARGE_PIXELS;
    return {
      box,
      isNew: touched.size === 0,
      isLarge: !isFine && touched.size > 0 && [...touched].every(isLarge),
    };
  }

  #longerSide([, , width, height]: Box): number {
    const { input } = this.#settings;
    return Math.max(width * input.width, height * input.height);
  }

  /** What was followed and is not seen any more is looked for where it was. */
  #remember(objects: readonly KnownObject[], timeMs: number): void {
    const seen = new Set(objects.map(({ trackId }) => trackId));
    for (const { trackId, box } of this.#objects) {
      if (!seen.has(trackId) && this.#lost.size < MAX_PLACES)
        this.#lost.set(trackId, { box, sinceMs: timeMs });
    }
    for (const [trackId, { sinceMs }] of this.#lost) {
      if (seen.has(trackId) || Math.abs(timeMs - sinceMs) >= LOST_MS) this.#lost.delete(trackId);
    }
  }
}
