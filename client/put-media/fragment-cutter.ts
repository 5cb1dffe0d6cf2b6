import {
  clusterHead,
  documentHeader,
  simpleBlockHead,
  tagsElement,
} from '../../fragments/matroska/matroska-writer.ts';
import type { Sample, Track } from '../../fragments/media/track.ts';
import { leadTrack } from '../../fragments/media/track-list.ts';
import type { FragmentBuffer } from './fragment-buffer.ts';
import { PutMediaError } from './put-media-error.ts';

export interface CutterOptions {
  /** A fragment ends at the first key frame after this. */
  readonly fragmentMs: number;
  /** Epoch ms of the first sample. */
  readonly startMs: number;
  /** Tags of a fragment that begins; names that begin with AWS are the service's (kvs.md §2.6). */
  readonly tags?:
    | ((fragment: { readonly timecodeMs: number }) => Readonly<Record<string, string>> | undefined)
    | undefined;
}

/** Below the service's 20 s and 50 MB (kvs.md §8): cut here, key frame or not. */
const MAX_FRAGMENT_MS = 18_000;
const MAX_FRAGMENT_BYTES = 48_000_000;
/** A block's time is a signed 16-bit number of ms. */
const MAX_RELATIVE_MS = 30_000;

/**
 * Cuts samples into clusters: at key frames of the lead track, at absolute times in ms that always increase. "Every track in the
 * header needs a frame in every fragment" (kvs.md §2.5): a fragment ends only once all tracks are in the next one, too.
 */
export class FragmentCutter {
  readonly #buffer: FragmentBuffer;
  readonly #options: CutterOptions;
  #header: Uint8Array = new Uint8Array(0);
  #tracks: ReadonlyMap<number, Track> = new Map();
  #lead: Track | undefined;
  #baseMs: number | undefined;
  #timecodeMs = -1;
  #isOpen = false;
  #openBytes = 0;
  /** Samples from a key frame on that will begin a fragment when all tracks are among them. */
  #held: Sample[] = [];
  /** Samples that no fragment took: of data tracks, of unknown tracks, and before the first key frame. */
  #dropped = 0;

  constructor(buffer: FragmentBuffer, options: CutterOptions) {
    this.#buffer = buffer;
    this.#options = options;
  }

  get droppedSamples(): number {
    return this.#dropped;
  }

  /** Declares the tracks, also anew in the middle: the fragment ends. Throws PutMediaError `BadMedia` when nothing can be sent. */
  setTracks(tracks: readonly Track[]): void {
    this.end();
    // Data tracks have no frame in most fragments, which the service refuses.
    const media = tracks.filter(({ kind }) => kind !== 'data');
    this.#lead = leadTrack(media);
    if (this.#lead === undefined) throw badMedia('no video or audio track');
    this.#tracks = new Map(media.map((track) => [track.id, track]));
    this.#header = documentHeader(media);
  }

  push(sample: Sample): void {
    const track = this.#tracks.get(sample.trackId);
    const isLead = track !== undefined && track === this.#lead;
    if (track === undefined || (!this.#isOpen && isLead && !sample.isSync)) {
      this.#dropped += 1;
      return;
    }
    if (!this.#isOpen) this.#begin(sample);
    else if (this.#held.length > 0) this.#held.push(sample);
    else if (isLead && sample.isSync && this.#elapsedMs(sample) >= this.#options.fragmentMs)
      this.#held.push(sample);
    else if (isLead && this.#isTooLong(sample)) this.#begin(sample);
    else this.#write(sample);
    if (this.#held.length > 0 && this.#canBegin(sample)) this.#beginWithHeld();
  }

  /** The source is over, or what follows is another document: what is held ends the fragment. */
  end(): void {
    for (const sample of this.#held.splice(0)) this.#write(sample);
    if (this.#isOpen) this.#buffer.complete();
    this.#isOpen = false;
  }

  #canBegin(sample: Sample): boolean {
    if (this.#isTooLong(sample)) return true;
    const seen = new Set(this.#held.map(({ trackId }) => trackId));
    return seen.size === this.#tracks.size;
  }

  #beginWithHeld(): void {
    const [first, ...rest] = this.#held.splice(0);
    if (first === undefined) return;
    this.#begin(first);
    for (const sample of rest) this.#write(sample);
  }

  #begin(sample: Sample): void {
    if (this.#isOpen) this.#buffer.complete();
    const ptsMs = this.#ptsMs(sample);
    if (ptsMs < this.#timecodeMs - MAX_RELATIVE_MS) throw badMedia(`time goes back to ${ptsMs} ms`);
    this.#timecodeMs = Math.max(ptsMs, this.#timecodeMs + 1, 0);
    this.#buffer.begin(this.#timecodeMs, this.#header);
    this.#isOpen = true;
    this.#openBytes = 0;
    const tags = Object.entries(this.#options.tags?.({ timecodeMs: this.#timecodeMs }) ?? {});
    if (tags.length > 0) this.#buffer.add(tagsElement(tags.map(([name, value]) => ({ name, value }))));
    this.#buffer.add(clusterHead(this.#timecodeMs));
    this.#write(sample);
  }

  #write(sample: Sample): void {
    const relativeMs = this.#elapsedMs(sample);
    if (Math.abs(relativeMs) > MAX_RELATIVE_MS) {
      this.#begin(sample);
      return;
    }
    const { trackId, isSync, data } = sample;
    this.#buffer.add(simpleBlockHead(trackId, relativeMs, isSync, data.length));
    this.#buffer.add(data);
    this.#openBytes += data.length;
  }

  #isTooLong(sample: Sample): boolean {
    return this.#elapsedMs(sample) >= MAX_FRAGMENT_MS || this.#openBytes >= MAX_FRAGMENT_BYTES;
  }

  /** Since the fragment's own time. */
  #elapsedMs(sample: Sample): number {
    return this.#ptsMs(sample) - this.#timecodeMs;
  }

  #ptsMs({ trackId, dtsTicks, compositionOffsetTicks }: Sample): number {
    const timescale = this.#tracks.get(trackId)?.timescale ?? 1000;
    const mediaMs = ((dtsTicks + compositionOffsetTicks) * 1000) / timescale;
    this.#baseMs ??= this.#options.startMs - mediaMs;
    return Math.round(this.#baseMs + mediaMs);
  }
}

function badMedia(message: string): PutMediaError {
  return new PutMediaError('BadMedia', message, { isRetryable: false });
}
