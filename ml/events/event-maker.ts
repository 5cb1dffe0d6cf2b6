import { z } from 'zod';
import type { RuleEvent, RuleOutcome } from '../rules/rules.ts';
import { MAX_TRACKS } from '../track/buffered-tracker.ts';
import type { Restoration, TrackerUpdate } from '../track/tracker.ts';
import type { TrackedObject } from '../watch/observed.ts';
import type { DetectionEvent } from './detection-event.ts';
import { type EventSource, makeEvent, roundBox, roundScore } from './make-event.ts';

const stateSchema = z.strictObject({
  version: z.literal(1),
  /** When each object that has entered was told of last, on the clock of the tracker. */
  tracks: z.array(z.tuple([z.string().max(64), z.number()])).max(MAX_TRACKS),
});

/** Sums of fractions of a second. */
const ROUNDING_MS = 0.001;

/**
 * Makes events of what tracker and rules say. Each confirmed track has one `enter`, then `update`s, then one `leave`: that is held
 * here, whatever comes, also over restarts from the state.
 */
export class EventMaker {
  readonly restoration: Restoration;
  readonly #source: EventSource;
  readonly #updateMs: number;
  readonly #toldMs: Map<string, number>;

  /** `updateSeconds`: `update`s of an object are at least so far apart; 0: there are none. */
  constructor(source: EventSource, updateSeconds: number, state?: unknown) {
    this.#source = source;
    this.#updateMs = updateSeconds === 0 ? Number.POSITIVE_INFINITY : updateSeconds * 1000;
    const { data } = stateSchema.safeParse(state);
    this.restoration = state === undefined ? 'none' : data === undefined ? 'rejected' : 'restored';
    this.#toldMs = new Map(data?.tracks);
  }

  /** In order: those that have left, before those that are there; of each object, the `enter` first and the `leave` last. */
  make(update: TrackerUpdate, outcomes: ReadonlyMap<string, RuleOutcome>): DetectionEvent[] {
    if (update.kind === 'repeat') return [];
    const events: DetectionEvent[] = [];
    for (const object of update.departed) {
      if (!this.#toldMs.delete(object.trackId)) continue;
      const outcome = outcomes.get(object.trackId);
      events.push(...this.#ruled(object, outcome));
      const body = { ...this.#about(object, outcome), phase: 'leave', reason: object.reason } as const;
      events.push(makeEvent(this.#source, object.lastFrame, body));
    }
    for (const object of update.objects) {
      if (!object.isConfirmed) continue;
      const outcome = outcomes.get(object.trackId);
      const toldMs = this.#toldMs.get(object.trackId);
      const say = (phase: 'enter' | 'update'): void => {
        this.#toldMs.set(object.trackId, update.elapsedMs);
        events.push(makeEvent(this.#source, update.frame, { ...this.#about(object, outcome), phase }));
      };
      if (toldMs === undefined) say('enter');
      events.push(...this.#ruled(object, outcome));
      const isDue = toldMs !== undefined && update.elapsedMs - toldMs >= this.#updateMs - ROUNDING_MS;
      if (isDue && update.found.has(object.trackId)) say('update');
    }
    return events;
  }

  state(): unknown {
    const state: z.input<typeof stateSchema> = { version: 1, tracks: [...this.#toldMs] };
    return state;
  }

  #about(object: TrackedObject, outcome: RuleOutcome | undefined) {
    return {
      type: 'object' as const,
      ...whatIs(object),
      score: roundScore(object.score),
      box: roundBox(object.box),
      ...(outcome?.zones.length ? { zones: [...outcome.zones] } : {}),
    };
  }

  #ruled(object: TrackedObject, outcome: RuleOutcome | undefined): DetectionEvent[] {
    return (outcome?.events ?? []).map((event) => {
      const { at } = event;
      const body = {
        ...whatIs(object),
        score: roundScore(at.score),
        box: roundBox(at.box),
        ...(outcome?.zones.length ? { zones: [...outcome.zones] } : {}),
        ...particulars(event),
      };
      return makeEvent(this.#source, at.frame, body, event.type === 'line' ? event.line : event.zone);
    });
  }
}

function whatIs(object: TrackedObject) {
  return {
    label: object.label,
    group: object.group,
    topScore: roundScore(object.topScore),
    trackId: object.trackId,
    trackConfidence: roundScore(object.trackConfidence),
    enteredMs: object.enteredMs,
  };
}

/** What only this type of event has. */
function particulars(event: RuleEvent) {
  switch (event.type) {
    case 'line':
      return { type: event.type, line: event.line, direction: event.direction };
    case 'dwell':
      return { type: event.type, zone: event.zone, dwellMs: event.dwellMs };
    case 'zone': {
      const { type, phase, zone } = event;
      if (phase === 'enter') return { type, phase, zone };
      return { type, phase, zone, dwellMs: event.dwellMs, ...(event.reason && { reason: event.reason }) };
    }
  }
}
