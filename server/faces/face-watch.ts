import type { Logger } from 'pino';
import { z } from 'zod';
import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import { makeEvent, roundBox, roundScore } from '../../ml/events/make-event.ts';
import { TELLING_LOOKS } from '../../ml/faces/face-attempts.ts';
import { isTelling, meritOf } from '../../ml/faces/face-merit.ts';
import { FACE_MODEL } from '../../ml/faces/face-model.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import { frameRefSchema } from '../../ml/track/frame-clock.ts';
import type { ObservedFace, TrackedObject } from '../../ml/watch/observed.ts';
import type { FaceSettings, WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { FurtherEvents } from '../detection/further-events.ts';
import type { FaceMatch, Galleries } from './gallery.ts';

/** Whose faces: as they stand in events. */
export interface FaceWatchOf {
  readonly stream: string;
  readonly watch: string;
}

export interface FaceWatchParts {
  readonly galleries: Pick<Galleries, 'match' | 'gallery'>;
  readonly counters: FaceWatchCounters;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

/** What has happened since the start; read by the metrics. */
export interface FaceWatchCounters {
  known: number;
  unknown: number;
  /** Faces that were not compared: the gallery is not there, or cannot be read. */
  failed: number;
}

export const newFaceWatchCounters = (): FaceWatchCounters => ({ known: 0, unknown: 0, failed: 0 });

/** A person of whom nothing is heard for so long has left, though nobody said so. */
const FORGET_MS = 600_000;
const MAX_PERSONS = 512;
/** The clip of an alert begins a little before the person was first seen, and not longer than this before the face. */
const CLIP_BEFORE_MS = 2000;
const CLIP_MAX_BEFORE_MS = 60_000;
const CLIP_AFTER_MS = 10_000;

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);

const lookSchema = z.strictObject({
  frame: frameRefSchema,
  face: box,
  person: box.exactOptional(),
  score: z.number(),
  merit: z.number(),
  similarity: z.number().exactOptional(),
  faceId: z.string().max(64).exactOptional(),
});

const personSchema = z.strictObject({
  id: z.string().max(64),
  enteredMs: z.number(),
  seenMs: z.number(),
  isKnown: z.boolean(),
  isUnknown: z.boolean(),
  /** Telling faces that were like nobody's. */
  strangeLooks: z.int().min(0),
  /** The best of them. */
  best: lookSchema.exactOptional(),
});

const stateSchema = z.strictObject({
  version: z.literal(1),
  persons: z.array(personSchema).max(MAX_PERSONS),
});

type Person = z.output<typeof personSchema>;
type Look = z.output<typeof lookSchema>;

/**
 * Compares the faces of one watch with a gallery, and says of each person at most once that he is known, and at most once that he is
 * not: after three good looks at a face that is like nobody's, or when he leaves after fewer. A stranger whom a better look
 * shows to be known is said to be known still. The state is JSON without anything of the faces themselves.
 */
export class FaceWatch implements FurtherEvents {
  readonly #parts: FaceWatchParts;
  readonly #of: FaceWatchOf;
  readonly #persons = new Map<string, Person>();
  #missingGallery: string | undefined;

  /** `state`: what `state` answered before a restart; with another one, everybody is looked at anew. */
  constructor(parts: FaceWatchParts, of: FaceWatchOf, state?: unknown) {
    this.#parts = parts;
    this.#of = of;
    const stored = stateSchema.safeParse(state);
    for (const person of stored.data?.persons ?? []) this.#persons.set(person.id, person);
  }

  /** Events of the faces in a result, to be stored together with the state after them. Nothing without consent. */
  observe(result: WatchResult, { faces: settings }: Pick<WatchSettings, 'faces'>): DetectionEvent[] {
    if (!settings.consent) {
      this.#persons.clear();
      return [];
    }
    const events: DetectionEvent[] = [];
    for (const face of result.faces) {
      const object = result.objects.find(({ trackId }) => trackId === face.trackId);
      if (face.embedding === undefined || object === undefined) continue;
      const person = this.#person(object, result.frame.serverMs);
      const matches = person.isKnown ? undefined : this.#match(face.embedding, settings);
      if (matches === undefined) continue;
      const event = this.#judge(
        person,
        matches[0],
        lookOf(result, face, object, matches[0], settings),
        settings,
      );
      if (event !== undefined) events.push(event);
    }
    events.push(...this.#departed(result.events));
    this.#forget(result.frame.serverMs);
    return events;
  }

  /** JSON from which another one goes on; `undefined` while there is nothing to know. */
  state(): unknown {
    if (this.#persons.size === 0) return undefined;
    return { version: 1, persons: Array.from(this.#persons.values(), (person) => ({ ...person })) };
  }

  #judge(
    person: Person,
    match: FaceMatch | undefined,
    look: Look,
    settings: FaceSettings,
  ): DetectionEvent | undefined {
    if (match !== undefined && match.similarity >= settings.minSimilarity) {
      person.isKnown = true;
      return this.#event('known', person, look, match);
    }
    if (look.merit === 0 || person.isUnknown) return undefined;
    person.strangeLooks += 1;
    if (person.best === undefined || look.merit > person.best.merit) person.best = look;
    return person.strangeLooks < TELLING_LOOKS ? undefined : this.#stranger(person, person.best);
  }

  /** Who has left after a good look or two is judged by them. */
  #departed(events: readonly DetectionEvent[]): DetectionEvent[] {
    const strangers: DetectionEvent[] = [];
    for (const { type, phase, trackId } of events) {
      if (type !== 'object' || phase !== 'leave' || trackId === undefined) continue;
      const person = this.#persons.get(trackId);
      this.#persons.delete(trackId);
      if (person?.best === undefined || person.isKnown || person.isUnknown) continue;
      strangers.push(this.#stranger(person, person.best));
    }
    return strangers;
  }

  #stranger(person: Person, look: Look): DetectionEvent {
    person.isUnknown = true;
    return this.#event('unknown', person, look, undefined);
  }

  #event(
    result: 'known' | 'unknown',
    person: Person,
    look: Look,
    match: FaceMatch | undefined,
  ): DetectionEvent {
    this.#parts.counters[result] += 1;
    const { frame, similarity, faceId } = look;
    const name = match?.face.person;
    const fromMs = Math.max(person.enteredMs - CLIP_BEFORE_MS, frame.producerMs - CLIP_MAX_BEFORE_MS);
    return makeEvent(
      { ...this.#of, model: FACE_MODEL },
      frame,
      {
        type: 'face',
        trackId: person.id,
        enteredMs: person.enteredMs,
        score: roundScore(look.score),
        ...(look.person === undefined ? {} : { box: roundBox(look.person) }),
        face: {
          result,
          ...(name === undefined ? {} : { person: name }),
          ...(faceId === undefined ? {} : { faceId }),
          ...(similarity === undefined ? {} : { similarity: roundScore(similarity) }),
          box: roundBox(look.face),
        },
        clip: {
          fromMs: Math.floor(Math.min(fromMs, frame.producerMs)),
          toMs: Math.ceil(frame.producerMs + CLIP_AFTER_MS),
        },
      },
      result,
    );
  }

  /** The face that it is most like, whoever that is; `undefined` when it could not be compared. */
  #match(embedding: Float32Array, { gallery }: FaceSettings): FaceMatch[] | undefined {
    const { galleries, counters, logger } = this.#parts;
    try {
      if (galleries.gallery(gallery) !== undefined) {
        this.#missingGallery = undefined;
        return galleries.match(gallery, embedding, { minSimilarity: 0, limit: 1 });
      }
    } catch (error) {
      counters.failed += 1;
      logger.error({ err: error, ...this.#of, gallery }, 'a face could not be compared');
      return undefined;
    }
    counters.failed += 1;
    if (this.#missingGallery !== gallery) {
      this.#missingGallery = gallery;
      logger.warn(
        { ...this.#of, gallery },
        'there is no such gallery: faces of this stream are not compared',
      );
    }
    return undefined;
  }

  #person({ trackId, enteredMs }: TrackedObject, nowMs: number): Person {
    const known = this.#persons.get(trackId);
    const person = known ?? {
      id: trackId,
      enteredMs,
      seenMs: nowMs,
      isKnown: false,
      isUnknown: false,
      strangeLooks: 0,
    };
    person.seenMs = nowMs;
    // Who was seen last stands last.
    this.#persons.delete(trackId);
    this.#persons.set(trackId, person);
    return person;
  }

  #forget(nowMs: number): void {
    for (const { id, seenMs } of this.#persons.values()) {
      const isOver = Math.abs(nowMs - seenMs) > FORGET_MS || this.#persons.size > MAX_PERSONS;
      if (isOver) this.#persons.delete(id);
    }
  }
}

/** What is kept of a look at a face. Its merit is 0 where it tells too little to call somebody a stranger. */
function lookOf(
  { frame, picture }: WatchResult,
  face: ObservedFace,
  { box: person }: TrackedObject,
  match: FaceMatch | undefined,
  { minPixels }: FaceSettings,
): Look {
  return {
    frame,
    face: [...face.box],
    person: [...person],
    score: face.score,
    merit: isTelling(face) ? meritOf(face, picture?.width ?? minPixels, minPixels) : 0,
    ...(match === undefined ? {} : { similarity: match.similarity, faceId: match.face.faceId }),
  };
}
