import { readBoxes, requireBox } from './boxes.ts';
import { type FileBox, FileBoxes } from './file-boxes.ts';
import { readMoof, type SampleLocation } from './moof.ts';
import type { MovieTrack, SampleDefaults } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';
import type { RandomAccessSource } from './random-access.ts';

const MAX_MOOF_BYTES = 16 * 1024 * 1024;

/** Reads a file's movie fragments in order and queues where their samples are, by track. */
export class FragmentQueue {
  readonly #boxes: FileBoxes;
  readonly #defaults: ReadonlyMap<number, SampleDefaults>;
  readonly #nextTicks = new Map<number, number>();
  readonly #queues: ReadonlyMap<number, TrackQueue>;
  /** A `moof` whose media data have not been seen to be whole. */
  #held: { readonly box: FileBox; readonly bytes: Uint8Array } | undefined;
  #queuedSamples = 0;
  #isAtEnd = false;

  /** Samples of other tracks than these are passed over. */
  constructor(source: RandomAccessSource, tracks: readonly MovieTrack[], startOffset: number) {
    this.#boxes = new FileBoxes(source, startOffset);
    this.#defaults = new Map(tracks.map(({ track, defaults }) => [track.id, defaults]));
    this.#queues = new Map(tracks.map(({ track }) => [track.id, new TrackQueue()]));
  }

  /** Every fragment was read. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  get queuedSamples(): number {
    return this.#queuedSamples;
  }

  /** Takes the next sample of a track; `undefined` when none is queued. */
  take(trackId: number): SampleLocation | undefined {
    const location = this.#queues.get(trackId)?.take();
    if (location !== undefined) this.#queuedSamples--;
    return location;
  }

  /** Reads on until a fragment was queued or the end is reached. */
  async readFragment(): Promise<void> {
    for (;;) {
      const box = await this.#boxes.next();
      const held = this.#held;
      if (box === undefined) {
        this.#isAtEnd = true;
        if (held !== undefined && !this.#boxes.isTorn) this.#queueFragment(held.box, held.bytes);
        return;
      }
      if (box.type !== 'moof' && box.type !== 'mdat') continue;
      this.#held = box.type === 'moof' ? { box, bytes: await this.#readMoofBytes(box) } : undefined;
      if (held !== undefined) {
        this.#queueFragment(held.box, held.bytes);
        return;
      }
    }
  }

  async #readMoofBytes(box: FileBox): Promise<Uint8Array> {
    if (box.sizeBytes > MAX_MOOF_BYTES)
      throw new Mp4Error('limit-exceeded', `a moof of ${box.sizeBytes} bytes`);
    return this.#boxes.read(box);
  }

  #queueFragment(box: FileBox, bytes: Uint8Array): void {
    const fragment = readMoof(requireBox(readBoxes(bytes), 'moof'), {
      moofOffsetBytes: box.offsetBytes,
      defaults: this.#defaults,
      nextTicks: this.#nextTicks,
    });
    for (const { trackId, samples, endTicks } of fragment.tracks) {
      this.#nextTicks.set(trackId, endTicks);
      const queue = this.#queues.get(trackId);
      if (queue === undefined) continue;
      queue.add(samples);
      this.#queuedSamples += samples.length;
    }
  }
}

/** First in, first out, in batches: taking does not move what stays. */
class TrackQueue {
  readonly #batches: (readonly SampleLocation[])[] = [];
  #taken = 0;

  add(samples: readonly SampleLocation[]): void {
    if (samples.length > 0) this.#batches.push(samples);
  }

  take(): SampleLocation | undefined {
    const batch = this.#batches[0];
    const location = batch?.[this.#taken++];
    if (batch !== undefined && this.#taken < batch.length) return location;
    this.#batches.shift();
    this.#taken = 0;
    return location;
  }
}
