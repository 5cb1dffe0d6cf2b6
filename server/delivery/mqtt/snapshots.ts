import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import type { ObjectChange } from './present-objects.ts';
import { levelsOf } from './retained-state.ts';

/** Pictures that wait to be made; the one that waits for longest is left out for a new one. */
const MAX_WAITING = 100;
/** A picture is worth publishing again when the object is seen so much better. */
const BETTER_BY = 0.1;

export interface SnapshotOptions {
  /** The picture of an event's frame, JPEG; `undefined` when there is none. */
  readonly pictureOf: (event: DetectionEvent) => Promise<Uint8Array | undefined>;
  /** Rejects when it cannot be published now: then the picture is left out. */
  readonly publish: (stream: string, label: string, picture: Buffer) => Promise<void>;
  /** Everything that may go wrong with a picture; it harms nothing else. */
  readonly onFailed: (stream: string, error: unknown) => void;
}

/**
 * Publishes pictures of objects, one after the other and beside the events, which never wait for them: for each label of a camera
 * the newest one that is wanted.
 */
export class Snapshots {
  readonly counters = { published: 0, failed: 0, leftOut: 0 };
  readonly #options: SnapshotOptions;
  /** By camera and label. */
  readonly #waiting = new Map<string, { readonly event: DetectionEvent; readonly label: string }>();
  /** Score of the picture that was asked for last, by track. */
  readonly #best = new Map<string, number>();
  #work: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes an event; answers at once. */
  offer({ type, after }: ObjectChange, event: DetectionEvent): void {
    if (type === 'end') {
      this.#best.delete(after.trackId);
      return;
    }
    if (this.#isClosed || event.type !== 'object') return;
    const best = this.#best.get(after.trackId);
    if (best !== undefined && after.score < best + BETTER_BY) return;
    this.#best.set(after.trackId, after.score);
    for (const label of levelsOf(after.label, after.group)) {
      const key = `${event.stream}/${label}`;
      // Again at the end: what waits is in the order of its newest event.
      this.#waiting.delete(key);
      this.#waiting.set(key, { event, label });
    }
    this.#trim();
    this.#work ??= this.#publishAll().finally(() => {
      this.#work = undefined;
    });
  }

  /** Nothing is published any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #trim(): void {
    trimOldest(this.#best, 10 * MAX_WAITING);
    this.counters.leftOut += trimOldest(this.#waiting, MAX_WAITING);
  }

  async #publishAll(): Promise<void> {
    const { pictureOf, publish, onFailed } = this.#options;
    for (const [key, { event, label }] of this.#waiting) {
      this.#waiting.delete(key);
      try {
        const picture = await pictureOf(event);
        if (picture === undefined || this.#isClosed) {
          this.counters.leftOut += 1;
          continue;
        }
        await publish(event.stream, label, Buffer.from(picture));
        this.counters.published += 1;
      } catch (error) {
        if (this.#isClosed) return;
        this.counters.failed += 1;
        onFailed(event.stream, error);
      }
    }
  }
}

/** Answers how many went. */
function trimOldest(map: Map<string, unknown>, size: number): number {
  let gone = 0;
  for (const key of map.keys()) {
    if (map.size <= size) break;
    map.delete(key);
    gone += 1;
  }
  return gone;
}
