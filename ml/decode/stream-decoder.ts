import { CodecError } from '../../fragments/media/codec-error.ts';
import { needsEarlierGroup, startsClosedGroup } from './coded-picture.ts';
import { type DecodableTrack, requireModestChange, requireModestSize } from './declared-size.ts';
import { DecodeError, type JobSample } from './decode-job.ts';
import type { DecodedPicture, LiveDecoder, LiveDecoderFactory, PictureSink } from './live-decoder.ts';

/** What is to be decoded at once. */
export interface StreamRun {
  /** `undefined`: that of the run before. */
  readonly track: DecodableTrack | undefined;
  /** In decode order; they go on from those before, unless `startsAnew`: then the first is a sync sample. */
  readonly samples: readonly JobSample[];
  readonly startsAnew: boolean;
  /** All pictures come out; the next run begins with a sync sample. */
  readonly flush: boolean;
  /** Presentation times of the pictures that are wanted, among the samples'. */
  readonly wantedUs: readonly number[];
}

export interface StreamPictures {
  /** In the order of presentation: what was wanted, now or before, and has come out. */
  readonly pictures: readonly DecodedPicture[];
  /** What was wanted and will not come. */
  readonly lostUs: readonly number[];
  /** Why. */
  readonly error: DecodeError | undefined;
}

/** "back off 1–2–4 s, resume at a keyframe" (detection.md); in media time, so that an archive is decoded as live media is. */
const FIRST_BACKOFF_US = 1_000_000;
const MAX_BACKOFF_US = 4_000_000;

/**
 * Decodes a stream that goes on for ever, whatever its bytes are: sizes are looked at before anything is decoded, a decoder that
 * fails is replaced at a later key frame, and each picture that is wanted comes with its own time or is told to be lost.
 */
export class StreamDecoder {
  readonly #factories: readonly LiveDecoderFactory[];
  readonly #sink: PictureSink;
  /** Index in `#factories` of the first that can do the track. */
  #choice = 0;
  #decoder: LiveDecoder | undefined;
  #track: DecodableTrack | undefined;
  /** The sync sample that the decoder has begun with, while samples come that are shown before it. */
  #start: JobSample | undefined;
  #isRunning = false;
  #backoffUs = FIRST_BACKOFF_US;
  #resumeAtUs = Number.NEGATIVE_INFINITY;
  /** Wanted pictures whose samples are in the decoder, and those whose samples are not yet. */
  readonly #wanted = new Set<number>();
  #asked = new Set<number>();
  #pictures: DecodedPicture[] = [];
  #lost: number[] = [];
  #error: DecodeError | undefined;

  /** Ways to decode, tried in order while they say that they cannot do the codec. */
  constructor(factories: readonly LiveDecoderFactory[]) {
    this.#factories = factories;
    this.#sink = {
      isWanted: (ptsUs) => this.#wanted.has(ptsUs),
      take: (picture) => {
        if (!this.#wanted.delete(picture.ptsUs)) return;
        this.#backoffUs = FIRST_BACKOFF_US;
        this.#pictures.push(picture);
      },
    };
  }

  async decode(run: StreamRun): Promise<StreamPictures> {
    if (run.startsAnew || run.track !== undefined) await this.#flush();
    if (run.track !== undefined) {
      this.#track = run.track;
      this.#choice = 0;
      this.#close();
    }
    this.#asked = new Set(run.wantedUs);
    let contiguous: JobSample[] = [];
    for (const sample of run.samples) {
      if (this.#isRunning && sample.isSync && this.#isClosedGroup(sample)) {
        // Nothing is held over from one group to the next, so that a picture that went missing shifts no times beyond its own.
        await this.#feed(contiguous);
        contiguous = [];
        await this.#flush();
      }
      // What no decoder is given is lost, below.
      if ((this.#isRunning || this.#begin(sample)) && !this.#isLeading(sample)) contiguous.push(sample);
    }
    await this.#feed(contiguous);
    if (run.flush) await this.#flush();
    for (const ptsUs of this.#asked) this.#lost.push(ptsUs);
    return this.#answer();
  }

  close(): void {
    this.#close();
  }

  #answer(): StreamPictures {
    const pictures = this.#pictures.toSorted((a, b) => a.ptsUs - b.ptsUs);
    const answer = { pictures, lostUs: this.#lost.toSorted((a, b) => a - b), error: this.#error };
    this.#pictures = [];
    this.#lost = [];
    this.#error = undefined;
    return answer;
  }

  /** Whether a decoder begins with this sample. */
  #begin(sample: JobSample): boolean {
    const track = this.#track;
    if (!sample.isSync || sample.ptsUs < this.#resumeAtUs || track === undefined) return false;
    try {
      requireModestSize(track, sample.data);
      this.#decoder ??= this.#open(track);
    } catch (error) {
      this.#fail(error, sample.ptsUs);
      return false;
    }
    this.#start = sample;
    this.#isRunning = true;
    return true;
  }

  #open(track: DecodableTrack): LiveDecoder {
    for (; ; this.#choice++) {
      const factory = this.#factories[this.#choice];
      if (factory === undefined)
        throw new DecodeError('unsupported', `there is no decoder for ${track.codec}`);
      const decoder = factory(this.#sink);
      try {
        decoder.start(track);
        return decoder;
      } catch (error) {
        decoder.close();
        if (!(error instanceof DecodeError) || error.code !== 'unsupported') throw error;
      }
    }
  }

  async #feed(samples: readonly JobSample[]): Promise<void> {
    const { length } = samples;
    if (length === 0 || !this.#isRunning) return;
    for (const { ptsUs } of samples) if (this.#asked.delete(ptsUs)) this.#wanted.add(ptsUs);
    try {
      for (const { data } of samples) if (this.#track !== undefined) requireModestChange(this.#track, data);
      await this.#decoder?.decode(samples);
    } catch (error) {
      this.#fail(error, samples[length - 1]?.ptsUs ?? 0);
    }
  }

  /** What is wanted and does not come now, never comes. */
  async #flush(): Promise<void> {
    if (this.#isRunning) {
      try {
        await this.#decoder?.flush();
      } catch (error) {
        this.#fail(error, Math.max(...this.#wanted, this.#start?.ptsUs ?? 0));
      }
    }
    this.#isRunning = false;
    this.#loseWanted();
  }

  #fail(error: unknown, ptsUs: number): void {
    if (error instanceof CodecError)
      this.#error ??= new DecodeError('bad-media', error.message, { cause: error });
    else if (error instanceof DecodeError) this.#error ??= error;
    else throw error;
    // The next way is tried with the next key frame.
    if (this.#error.code === 'unsupported' && this.#decoder !== undefined) this.#choice += 1;
    this.#resumeAtUs = ptsUs + this.#backoffUs;
    this.#backoffUs = Math.min(MAX_BACKOFF_US, 2 * this.#backoffUs);
    this.#close();
    this.#loseWanted();
  }

  #close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#isRunning = false;
  }

  #loseWanted(): void {
    this.#lost.push(...this.#wanted);
    this.#wanted.clear();
  }

  #isClosedGroup(sample: JobSample): boolean {
    if (this.#track === undefined) return true;
    try {
      return startsClosedGroup(this.#track, sample.data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      // The decoder will say so itself.
      return true;
    }
  }

  #isLeading(sample: JobSample): boolean {
    const start = this.#start;
    if (start === undefined || this.#track === undefined || sample === start) return false;
    if (sample.ptsUs > start.ptsUs) {
      this.#start = undefined;
      return false;
    }
    return needsEarlierGroup(this.#track, start.data, sample.data);
  }
}
