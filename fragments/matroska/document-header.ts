import * as Id from './element-ids.ts';
import { DEFAULT_TIMECODE_SCALE_NS, readTimecodeScale, readTracks } from './header-elements.ts';
import { MatroskaError, type MatroskaEvent, type MatroskaTrack } from './matroska-event.ts';

/** Bytes and elements in front of the first cluster. */
export const MAX_HEADER_BYTES = 4 << 20;
const MAX_HEADER_ELEMENTS = 1024;

/**
 * What a document says in front of its clusters, byte for byte. Info and Tracks that come again take the place of the
 * earlier ones (kvs.md §2.6: the producer repeats them behind tags).
 */
export class DocumentHeader {
  readonly #elements: { readonly id: number; readonly raw: Uint8Array }[] = [];
  #sizeBytes = 0;
  #hasChanged = false;
  #wasTaken = false;
  #timecodeScaleNs = DEFAULT_TIMECODE_SCALE_NS;
  #tracks: readonly MatroskaTrack[] | undefined;
  #defaultTicks: ReadonlyMap<number, number> = new Map();

  /**
   * Adds an element, or the head of the Segment; `raw` with id and size, and its own from now on. Throws MatroskaError
   * when it is malformed or the header grows too large.
   */
  add(id: number, raw: Uint8Array, headBytes: number, offset: number): void {
    const isRepeatable = id === Id.INFO || id === Id.TRACKS;
    const known = isRepeatable ? this.#elements.findIndex((element) => element.id === id) : -1;
    // Seek tables, voids and the like behind the first cluster describe nothing that a reader of fragments needs.
    if (!isRepeatable && this.#wasTaken) return;
    const earlier = this.#elements[known];
    if (earlier !== undefined && Buffer.compare(earlier.raw, raw) === 0) return;
    this.#sizeBytes += raw.length - (earlier?.raw.length ?? 0);
    if (this.#sizeBytes > MAX_HEADER_BYTES) {
      throw new MatroskaError(
        'too-large',
        offset,
        `more than ${MAX_HEADER_BYTES} bytes before the first cluster`,
      );
    }
    if (this.#elements.length >= MAX_HEADER_ELEMENTS) {
      throw new MatroskaError('too-many', offset, 'too many elements before the first cluster');
    }
    if (id === Id.INFO)
      this.#timecodeScaleNs = readTimecodeScale(raw.subarray(headBytes), offset + headBytes);
    if (id === Id.TRACKS) this.#tracks = readTracks(raw.subarray(headBytes), offset + headBytes);
    if (known >= 0) this.#elements[known] = { id, raw };
    else this.#elements.push({ id, raw });
    this.#hasChanged = true;
  }

  /** The header if it is new or has changed since it was last taken; called when a cluster begins at `offset`. */
  take(offset: number): Extract<MatroskaEvent, { type: 'header' }> | undefined {
    if (this.#tracks === undefined) throw new MatroskaError('bad-element', offset, 'a Cluster before Tracks');
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    this.#wasTaken = true;
    const ticks = new Map<number, number>();
    for (const { number, defaultDurationNs } of this.#tracks) {
      if (defaultDurationNs !== undefined) ticks.set(number, defaultDurationNs / this.#timecodeScaleNs);
    }
    this.#defaultTicks = ticks;
    return {
      type: 'header',
      header: Buffer.concat(this.#elements.map((element) => element.raw)),
      timecodeScaleNs: this.#timecodeScaleNs,
      tracks: this.#tracks,
    };
  }

  /** Ticks a frame by DefaultDuration, as of the header that was last taken. */
  defaultTicks(trackNumber: number): number | undefined {
    return this.#defaultTicks.get(trackNumber);
  }
}
