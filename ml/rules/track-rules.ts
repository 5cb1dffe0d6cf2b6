import type { Box, Point } from '../geometry/box.ts';
import { isWanted } from '../track/label-groups.ts';
import type { DepartedObject, Restoration, TrackerUpdate } from '../track/tracker.ts';
import type { TrackedObject } from '../watch/observed.ts';
import { stepAtLine } from './line-rule.ts';
import { type Crossing, MAX_WAITING, type RuledTrack, rulesStateSchema } from './rule-state.ts';
import type { RuleEvent, RuleOutcome, Rules, RulesSettings } from './rules.ts';
import type { Step } from './step.ts';
import { leaveZone, stepInZone, tellStay } from './zone-rule.ts';

/** Rules that begin anew, or go on from a state. */
export function createRules(settings: RulesSettings, state?: unknown): Rules {
  return new TrackRules(settings, state);
}

class TrackRules implements Rules {
  readonly restoration: Restoration;
  readonly #settings: RulesSettings;
  readonly #tracks: Map<string, RuledTrack>;

  constructor(settings: RulesSettings, state: unknown) {
    this.#settings = settings;
    const { data } = rulesStateSchema.safeParse(state);
    this.restoration = state === undefined ? 'none' : data === undefined ? 'rejected' : 'restored';
    this.#tracks = new Map((data?.tracks ?? []).map((track) => [track.id, track]));
  }

  apply(update: TrackerUpdate): ReadonlyMap<string, RuleOutcome> {
    const outcomes = new Map<string, RuleOutcome>();
    for (const object of update.departed) outcomes.set(object.trackId, this.#depart(object));
    for (const object of update.objects) outcomes.set(object.trackId, this.#goOn(object, update));
    return outcomes;
  }

  state(): unknown {
    return { version: 1, tracks: structuredClone([...this.#tracks.values()]) };
  }

  #goOn(object: TrackedObject, update: TrackerUpdate): RuleOutcome {
    const at = { frame: update.frame, box: object.box, score: object.score };
    const step: Step = { foot: footOf(object.box), at, elapsedMs: update.elapsedMs };
    const known = this.#tracks.get(object.trackId);
    if (update.kind === 'repeat') return { zones: known ? zonesOf(known) : [], events: [] };
    const track = known ?? {
      id: object.trackId,
      foot: step.foot,
      seenMs: 0,
      stays: [],
      approaches: [],
      waiting: [],
    };
    if (known === undefined) this.#tracks.set(object.trackId, track);
    const events = [
      ...this.#stepAtLines(track, known?.foot, step, object),
      ...this.#stepInZones(track, step, object),
    ];
    if (update.found.has(object.trackId)) {
      track.foot = step.foot;
      track.seenMs = update.elapsedMs;
    }
    return { zones: zonesOf(track), events };
  }

  #stepAtLines(track: RuledTrack, before: Point | undefined, step: Step, object: TrackedObject): RuleEvent[] {
    const approaches: RuledTrack['approaches'] = [];
    for (const line of this.#settings.lines) {
      const known = track.approaches.find((each) => each.line === line.name);
      const next = stepAtLine(line, known, before, step);
      if (next === undefined) continue;
      approaches.push(next.approach);
      if (next.crossed && track.waiting.length < MAX_WAITING) track.waiting.push(next.crossed);
    }
    track.approaches = approaches;
    return object.isConfirmed ? this.#tellCrossings(track.waiting.splice(0), object) : [];
  }

  #tellCrossings(crossings: readonly Crossing[], object: TrackedObject): RuleEvent[] {
    return crossings
      .filter(({ line: name }) => {
        const line = this.#settings.lines.find((each) => each.name === name);
        return line !== undefined && isWanted(object, line.labels);
      })
      .map((crossing) => ({ type: 'line', ...crossing }));
  }

  #stepInZones(track: RuledTrack, step: Step, object: TrackedObject): RuleEvent[] {
    const left: RuleEvent[] = [];
    const told: RuleEvent[] = [];
    const stays: RuledTrack['stays'] = [];
    for (const zone of this.#settings.zones) {
      const known = track.stays.find((each) => each.zone === zone.name);
      // A van that is called a truck for once does not leave a zone for cars.
      const next = known || isWanted(object, zone.labels) ? stepInZone(zone, known, step) : undefined;
      if (next === undefined) continue;
      if (next.isOver) left.push(...leaveZone(next.stay, step));
      else stays.push(next.stay);
      if (!next.isOver && object.isConfirmed)
        told.push(...tellStay(zone, next.stay, step.at, step.elapsedMs));
    }
    const { zones } = this.#settings;
    const removed = track.stays.filter((stay) => !zones.some((zone) => zone.name === stay.zone));
    track.stays = stays;
    return [...removed.flatMap((stay) => leaveZone(stay, step, 'ended')), ...left, ...told];
  }

  #depart(object: DepartedObject): RuleOutcome {
    const track = this.#tracks.get(object.trackId);
    if (track === undefined) return { zones: [], events: [] };
    this.#tracks.delete(object.trackId);
    if (!object.isConfirmed) return { zones: [], events: [] };
    const at = { frame: object.lastFrame, box: object.box, score: object.score };
    // Who was last seen on the other side went over, though nobody saw him get clear of the line.
    const crossings = track.approaches.flatMap(({ crossing }) => crossing ?? []);
    const last = { at, elapsedMs: track.seenMs };
    return {
      zones: zonesOf(track),
      events: [
        ...this.#tellCrossings(crossings, object),
        ...track.stays.flatMap((stay) => leaveZone(stay, last, object.reason)),
      ],
    };
  }
}

function footOf([left, top, width, height]: Box): Point {
  return [left + width / 2, top + height];
}

/** Who is at the edge of a zone whose `enter` was told is in it until its `leave` is. */
function zonesOf(track: RuledTrack): string[] {
  return track.stays.filter(({ isTold, out }) => isTold || out === undefined).map(({ zone }) => zone);
}
