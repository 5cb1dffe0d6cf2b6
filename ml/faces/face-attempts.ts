import { z } from 'zod';
import type { FrameRef } from '../watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../watch/observed.ts';
import type { FaceJudgement } from './face-finder.ts';
import { isTelling, meritOf } from './face-merit.ts';
import { ownersOf } from './face-owners.ts';

/** A person is looked at in the face at most this often, ... */
const ATTEMPT_MS = 1000;
/** ... this many times; then each time twice as long after the one before, ... */
const QUICK_ATTEMPTS = 6;
/** ... up to this: somebody with his back to the camera may turn round. */
const MAX_INTERVAL_MS = 16_000;
/** Embeddings of telling faces that make a judgement (server/faces/face-watch.ts). */
export const TELLING_LOOKS = 3;
/** After them, a better face is worth one more, ... */
const BETTER = 1.4;
/** ... until it is as good as this: nothing better is to be expected. */
const EXCELLENT = 1.8;
/** Who was not seen for so long is forgotten: ids of tracks do not come again. */
const FORGET_MS = 60_000;
const MAX_PERSONS = 512;

const personSchema = z.strictObject({
  id: z.string().max(64),
  attempts: z.int().min(0),
  attemptMs: z.number(),
  seenMs: z.number(),
  telling: z.int().min(0),
  /** Merit of the best face that was embedded. */
  best: z.number().min(0),
});

const stateSchema = z.strictObject({
  version: z.literal(1),
  persons: z.array(personSchema).max(MAX_PERSONS),
});

type Person = z.output<typeof personSchema>;

export interface FaceConditions {
  readonly minPixels: number;
  readonly picture: { readonly width: number; readonly height: number };
}

/**
 * Whose face is looked for, and when (detection.md §2: best-of-track, at most one attempt a second): an attempt costs 60 ms, an
 * embedding 0.1 to 0.2 s. Pure: time comes with the frames; the state is JSON without anything of the faces themselves.
 */
export class FaceAttempts {
  readonly #persons = new Map<string, Person>();

  /** A state that is not one of this class's is passed over: then everybody is looked at anew. */
  constructor(state?: unknown) {
    const stored = stateSchema.safeParse(state);
    for (const person of stored.data?.persons ?? []) this.#persons.set(person.id, person);
  }

  /** Persons whose faces are worth looking for in this frame. */
  due(objects: readonly TrackedObject[], frame: FrameRef): TrackedObject[] {
    const nowMs = frame.serverMs;
    const persons = objects.filter(isPerson);
    for (const { trackId } of persons) {
      const known = this.#persons.get(trackId);
      if (known === undefined) continue;
      known.seenMs = nowMs;
      // Who was seen last stands last.
      this.#persons.delete(trackId);
      this.#persons.set(trackId, known);
    }
    for (const { id, seenMs } of this.#persons.values()) {
      if (Math.abs(nowMs - seenMs) > FORGET_MS) this.#persons.delete(id);
    }
    return persons.filter(({ trackId }) => {
      const known = this.#persons.get(trackId);
      // The clock may have been set back.
      return known === undefined || Math.abs(nowMs - known.attemptMs) >= intervalOf(known);
    });
  }

  /**
   * What came of an attempt: whose each face is, and which of them is to be embedded. `due`: whom it was for; faces of others that
   * were seen with them are judged too.
   */
  judge(
    faces: readonly ObservedFace[],
    due: readonly TrackedObject[],
    objects: readonly TrackedObject[],
    frame: FrameRef,
    { minPixels, picture }: FaceConditions,
  ): FaceJudgement[] {
    for (const { trackId } of due) {
      const person = this.#person(trackId, frame.serverMs);
      person.attempts += 1;
      person.attemptMs = frame.serverMs;
    }
    const persons = objects.filter(isPerson);
    const owners = ownersOf(faces, persons);
    return faces.map((face, i) => {
      const trackId = persons[owners[i] ?? -1]?.trackId;
      if (trackId === undefined) return { trackId, isWanted: false };
      const person = this.#person(trackId, frame.serverMs);
      const merit = meritOf(face, picture.width, minPixels);
      const isLargeEnough = face.box[2] * picture.width >= minPixels;
      const isNews = (isTelling(face) && person.telling < TELLING_LOOKS) || merit >= BETTER * person.best;
      if (!isLargeEnough || !isNews) return { trackId, isWanted: false };
      person.best = Math.max(person.best, merit);
      if (isTelling(face)) person.telling += 1;
      return { trackId, isWanted: true };
    });
  }

  /** JSON from which another one goes on. */
  state(): unknown {
    return { version: 1, persons: Array.from(this.#persons.values(), (person) => ({ ...person })) };
  }

  #person(id: string, nowMs: number): Person {
    const known = this.#persons.get(id);
    if (known !== undefined) return known;
    const person: Person = { id, attempts: 0, attemptMs: nowMs, seenMs: nowMs, telling: 0, best: 0 };
    if (this.#persons.size >= MAX_PERSONS) {
      for (const longestUnseen of this.#persons.keys()) {
        this.#persons.delete(longestUnseen);
        break;
      }
    }
    this.#persons.set(id, person);
    return person;
  }
}

function isPerson({ group, label, isConfirmed }: TrackedObject): boolean {
  return isConfirmed && (group === 'person' || label === 'person');
}

function intervalOf({ attempts, telling, best }: Person): number {
  if (telling >= TELLING_LOOKS && best >= EXCELLENT) return Number.POSITIVE_INFINITY;
  const isSettled = telling >= TELLING_LOOKS;
  const doublings = attempts - QUICK_ATTEMPTS;
  const interval = ATTEMPT_MS * 2 ** Math.min(Math.max(doublings, isSettled ? 2 : 0), 10);
  return Math.min(interval, MAX_INTERVAL_MS);
}
