import { CodecError } from '../media/codec-error.ts';
import { isSameDecoder, withInBandParameterSets } from '../media/decoder-change.ts';
import type { Sample, Track } from '../media/track.ts';

/** Tracks that decoders must be set up for anew. */
export interface TrackChange {
  /** None at the start of a session. */
  readonly before: readonly Track[];
  readonly after: readonly Track[];
}

/**
 * What the producer says its tracks are, and when that is news. Cameras repeat their configuration, alternate between
 * two, or change it inside the video only; a new run is worth it only when decoders must know.
 */
export class DeclaredTracks {
  #declared: readonly Track[] = [];
  #active: readonly Track[] = [];
  #pending: readonly Track[] | undefined;

  /** The tracks that samples belong to now. */
  get active(): readonly Track[] {
    return this.#active;
  }

  /** Takes the producer's word; nothing changes before the next sample. */
  declare(tracks: readonly Track[]): void {
    // Repeated: what the video itself said since then stays valid.
    if (this.#declared.length > 0 && areSameDecoders(this.#declared, tracks)) return;
    this.#declared = tracks;
    this.#pending = tracks;
  }

  /**
   * Looks at the next sample; answers the change when a decoder must be set up anew for it, else `undefined`. A
   * parameter set that cannot be read is the decoder's business: the sample is kept all the same.
   */
  changeBefore(sample: Sample): TrackChange | undefined {
    if (sample.isSync) this.#lookInside(sample);
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    const before = this.#active;
    if (before.length > 0 && areSameDecoders(before, pending)) return undefined;
    this.#active = pending;
    return { before, after: pending };
  }

  #lookInside(sample: Sample): void {
    const tracks = this.#pending ?? this.#active;
    const track = tracks.find(({ id }) => id === sample.trackId);
    if (track?.kind !== 'video') return;
    try {
      const updated = withInBandParameterSets(track, sample.data);
      if (updated !== undefined) this.#pending = tracks.map((each) => (each === track ? updated : each));
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
  }
}

function areSameDecoders(a: readonly Track[], b: readonly Track[]): boolean {
  return (
    a.length === b.length &&
    a.every((track, i) => {
      const other = b[i];
      return other !== undefined && isSameDecoder(track, other);
    })
  );
}
