import type { DetectionEvent } from '../../../ml/events/detection-event.ts';

/** An object that is in front of a camera, as the newest event told of it. */
export interface PresentObject {
  readonly stream: string;
  readonly trackId: string;
  readonly label: string;
  readonly group: string;
  readonly score: number;
  readonly topScore: number;
  readonly box: DetectionEvent['box'];
  /** Producer time, epoch ms: first seen, and in the frame that this is of. */
  readonly enteredMs: number;
  readonly frameMs: number;
  readonly zones: readonly string[];
  /** All zones that it has been in, in the order of entering. */
  readonly enteredZones: readonly string[];
  /** Who it is: the person of the gallery whose face it showed. */
  readonly person: { readonly name: string; readonly similarity: number } | undefined;
  readonly thumbnail: string | undefined;
}

/** What an event means for an object. */
export interface ObjectChange {
  readonly type: 'new' | 'update' | 'end';
  readonly before: PresentObject;
  readonly after: PresentObject;
}

/** The watch whose objects are counted: processors see the same ones again, jobs those of another time. */
const LIVE = 'live';

/** More than so many are not followed; the one that is known for longest is forgotten. */
const MAX_PRESENT = 10_000;

/**
 * What is in front of the cameras, followed from event to event. The same events again lead to the same state, so that a batch
 * that comes twice does no harm.
 */
export class PresentObjects {
  readonly #byTrack: Map<string, PresentObject>;

  constructor(objects: Iterable<readonly [string, PresentObject]> = []) {
    this.#byTrack = new Map(objects);
  }

  /** For a batch whose effect is kept only when all of it is delivered. */
  copy(): PresentObjects {
    return new PresentObjects(this.#byTrack);
  }

  *[Symbol.iterator](): Iterator<PresentObject> {
    yield* this.#byTrack.values();
  }

  /** Answers what changed; `undefined` for an event that is about no object that is present. */
  apply(event: DetectionEvent): ObjectChange | undefined {
    if (event.watch !== LIVE || event.trackId === undefined) return undefined;
    switch (event.type) {
      case 'object':
        return this.#applyObject(event, event.trackId);
      case 'zone':
        return this.#update(event.trackId, (known) => inZones(known, zonesAfter(known, event)));
      case 'face':
        return this.#update(event.trackId, (known) => ({
          ...known,
          person: personOf(event) ?? known.person,
        }));
      default:
        return undefined;
    }
  }

  /** Of a stream that is no more. */
  forget(stream: string): void {
    for (const [trackId, object] of this.#byTrack) {
      if (object.stream === stream) this.#byTrack.delete(trackId);
    }
  }

  #applyObject(event: DetectionEvent, trackId: string): ObjectChange | undefined {
    const known = this.#byTrack.get(trackId);
    const after = objectOf(event, trackId, known);
    if (event.phase === 'leave') {
      this.#byTrack.delete(trackId);
      return { type: 'end', before: known ?? after, after };
    }
    this.#put(after);
    // An object that entered before all that is known: nothing says what it was before.
    const type = event.phase === 'enter' ? 'new' : 'update';
    return { type, before: known ?? after, after };
  }

  #update(trackId: string, change: (known: PresentObject) => PresentObject): ObjectChange | undefined {
    const before = this.#byTrack.get(trackId);
    if (before === undefined) return undefined;
    const after = change(before);
    this.#byTrack.set(trackId, after);
    return { type: 'update', before, after };
  }

  #put(object: PresentObject): void {
    this.#byTrack.set(object.trackId, object);
    if (this.#byTrack.size <= MAX_PRESENT) return;
    for (const trackId of this.#byTrack.keys()) {
      this.#byTrack.delete(trackId);
      return;
    }
  }
}

function objectOf(event: DetectionEvent, trackId: string, known: PresentObject | undefined): PresentObject {
  const label = event.label ?? known?.label ?? 'object';
  const object: PresentObject = {
    stream: event.stream,
    trackId,
    label,
    group: event.group ?? label,
    score: event.score ?? known?.score ?? 0,
    topScore: event.topScore ?? event.score ?? known?.topScore ?? 0,
    box: event.box ?? known?.box,
    enteredMs: event.enteredMs ?? known?.enteredMs ?? event.producerMs,
    frameMs: event.producerMs,
    zones: [],
    enteredZones: known?.enteredZones ?? [],
    person: known?.person,
    thumbnail: event.thumbnail ?? known?.thumbnail,
  };
  return inZones(object, event.zones ?? known?.zones ?? []);
}

function inZones(object: PresentObject, zones: readonly string[]): PresentObject {
  return { ...object, zones, enteredZones: [...new Set([...object.enteredZones, ...zones])] };
}

function zonesAfter({ zones }: PresentObject, { zone, phase }: DetectionEvent): readonly string[] {
  if (zone === undefined) return zones;
  const others = zones.filter((each) => each !== zone);
  return phase === 'leave' ? others : [...others, zone];
}

function personOf({ face }: DetectionEvent): PresentObject['person'] {
  if (face?.result !== 'known' || face.person === undefined) return undefined;
  return { name: face.person, similarity: face.similarity ?? 0 };
}
