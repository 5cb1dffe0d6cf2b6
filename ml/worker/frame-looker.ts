import { createScene, type Scene, type SceneSettings } from '../events/scene.ts';
import { FaceAttempts } from '../faces/face-attempts.ts';
import type { FaceFinder } from '../faces/face-finder.ts';
import { lookForFaces } from '../faces/look-for-faces.ts';
import { LookPlanner, lookedAt, seenWhole } from '../motion/look-planner.ts';
import { MotionGate } from '../motion/motion-gate.ts';
import type { Picture } from '../picture/picture.ts';
import type { WatchResult } from '../supervisor/watch-result.ts';
import type { WatchOpening } from '../supervisor/worker-messages.ts';
import { weakestScore } from '../track/buffered-tracker.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { ObservedFace } from '../watch/observed.ts';
import type { WatchState } from '../watch/watch-state.ts';
import { asWatchError } from './loaded-models.ts';
import type { OpenModel } from './model-source.ts';

/** What a watch looks with, beside its decoder. */
export interface LookingParts {
  readonly model: OpenModel;
  readonly faces: Pick<FaceFinder, 'find'>;
}

/** What a look came to; what it took to decode the picture is for others to add. */
export type LookedAt = Omit<WatchResult, 'timings'> & { readonly inferMs: number };

/** A shape of pictures, and what is made for it. */
interface Lens {
  readonly aspect: number;
  readonly gate: MotionGate;
  readonly planner: LookPlanner;
}

/** Looks at the frames of one watch, in the order of presentation: what moves, what it is, where it goes, what that means. */
export class FrameLooker {
  readonly #opening: WatchOpening;
  readonly #parts: LookingParts;
  readonly #minScore: number;
  readonly #attempts: FaceAttempts;
  #lens: Lens | undefined;
  #scene: Scene;

  constructor(opening: WatchOpening, parts: LookingParts) {
    this.#opening = opening;
    this.#parts = parts;
    this.#minScore = opening.settings.minScore ?? parts.model.minScore;
    this.#attempts = new FaceAttempts(opening.state?.faces);
    this.#scene = this.#openScene(undefined, opening.state);
  }

  /** `timeMs`: of the media, growing. Throws WatchError `no-model`, `unavailable`. */
  async look(picture: Picture, frame: FrameRef, timeMs: number): Promise<LookedAt> {
    const startedMs = performance.now();
    const { width, height } = picture;
    const detector = await this.#parts.model.detector(width / height);
    const { gate, planner } = this.#lensFor(width / height, detector);
    const plan = planner.plan(gate.observe(picture, timeMs), timeMs);
    const seen = { frame, picture: { width, height } };
    if ('skip' in plan) {
      return this.#told({ ...seen, ...this.#scene.hold(frame), skipped: plan.skip, faces: [], inferMs: 0 });
    }
    const minScore = weakestScore(this.#minScore);
    const detections = await asWatchError(() => detector.detect(picture, { minScore, looks: plan.looks }));
    const { objects, events } = this.#scene.observe(seenWhole(detections, plan), frame, lookedAt(plan));
    planner.learn({ ...plan, timeMs, detections, objects });
    const faces = await this.#faces(picture, frame, objects);
    const inferMs = performance.now() - startedMs;
    return this.#told({ ...seen, objects, events, skipped: undefined, faces, inferMs });
  }

  /** A frame that could not be decoded: nobody knows what was in it, or whether anything moved. The scene hears nothing of it. */
  miss(frame: FrameRef): LookedAt {
    return this.#told({
      frame,
      picture: undefined,
      skipped: 'not-decoded',
      objects: [],
      events: [],
      faces: [],
      inferMs: 0,
    });
  }

  /** Everything leaves. */
  end(frame: FrameRef): LookedAt {
    const { objects, events } = this.#scene.end(frame);
    return this.#told({
      frame,
      picture: undefined,
      skipped: 'not-decoded',
      objects,
      events,
      faces: [],
      inferMs: 0,
    });
  }

  get state(): WatchState {
    return { ...this.#scene.state(), faces: this.#attempts.state() };
  }

  #told(looked: Omit<LookedAt, 'model' | 'state'>): LookedAt {
    return { ...looked, model: this.#parts.model.identity, state: this.state };
  }

  async #faces(
    picture: Picture,
    frame: FrameRef,
    objects: WatchResult['objects'],
  ): Promise<readonly ObservedFace[]> {
    const { consent, minPixels, everyFrame } = this.#opening.settings.faces;
    if (!consent) return [];
    const look = { picture, frame, objects, minPixels, everyFrame };
    return asWatchError(() => lookForFaces(this.#parts.faces, this.#attempts, look));
  }

  #lensFor(
    aspect: number,
    detector: {
      readonly input: { readonly width: number; readonly height: number };
      readonly inputStep?: number;
    },
  ): Lens {
    if (this.#lens?.aspect === aspect) return this.#lens;
    const { motionGate, heartbeatSeconds } = this.#opening.settings;
    const { input, inputStep } = detector;
    const step = inputStep === undefined ? {} : { inputStep };
    const planner = new LookPlanner({ motionGate, heartbeatSeconds, input, ...step });
    this.#lens = { aspect, gate: new MotionGate(aspect), planner };
    // Boxes are fractions of the picture: how far apart they are depends on its shape.
    this.#scene = this.#openScene(aspect, this.state);
    return this.#lens;
  }

  #openScene(aspect: number | undefined, state: WatchState | undefined): Scene {
    const { settings, stream, name } = this.#opening;
    const { confirmHits, timeoutSeconds, updateSeconds, zones, lines } = settings;
    const { identity, groups } = this.#parts.model;
    const scene: SceneSettings = {
      minScore: this.#minScore,
      confirmHits,
      timeoutSeconds,
      updateSeconds,
      zones,
      lines,
      groups,
      ...(aspect === undefined ? {} : { aspect }),
    };
    return createScene(scene, { stream, watch: name, model: identity }, state);
  }
}
