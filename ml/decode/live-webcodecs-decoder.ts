import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from '@napi-rs/webcodecs';
import { type ColorFormat, DEFAULT_COLOR } from '../picture/i420-picture.ts';
import { showsPicture } from './coded-picture.ts';
import type { DecodableTrack } from './declared-size.ts';
import { DecodeError, type JobSample } from './decode-job.ts';
import { MAX_PIXELS } from './frame-decoder.ts';
import { collectNativeMemory, countNativeFrame } from './frame-memory.ts';
import type { DecodedPicture, LiveDecoder, PictureSink } from './live-decoder.ts';
import { PicturesInside } from './pictures-inside.ts';
import { planarFormatOf, toI420 } from './planar-formats.ts';
import { configOf, dequeued, MAX_QUEUED } from './webcodecs-config.ts';

/** A picture that is not held back follows its sample at once; this is long enough to be sure, and rarely waited for. */
const SETTLE_MS = 30;

/** Decodes with the WebCodecs of `@napi-rs/webcodecs`: FFmpeg's decoders inside this process. */
export class LiveWebcodecsDecoder implements LiveDecoder {
  readonly #sink: PictureSink;
  readonly #inside: PicturesInside;
  #track: DecodableTrack | undefined;
  #decoder: VideoDecoder | undefined;
  /** Stands for the decoder where it cannot be named. */
  #run: object | undefined;
  #failure: Error | undefined;
  #copies: Promise<void>[] = [];

  constructor(sink: PictureSink) {
    this.#sink = sink;
    this.#inside = new PicturesInside(sink);
  }

  start(track: DecodableTrack): void {
    this.close();
    collectNativeMemory();
    this.#failure = undefined;
    this.#track = track;
    const run = {};
    this.#run = run;
    // What the decoder calls must not refer to it: one that has failed is only given back by the garbage collector.
    const decoder = new VideoDecoder({
      output: (frame) => this.#take(frame, run),
      error: (error) => {
        if (run === this.#run) this.#failure ??= error;
        this.#inside.wake();
      },
    });
    this.#decoder = decoder;
    try {
      // Without `optimizeForLatency` it decodes as many frames at once as there are cores, and holds as many back.
      decoder.configure({ ...configOf(track), optimizeForLatency: true });
    } catch (cause) {
      throw new DecodeError('unsupported', `no native decoder for ${track.codecString}`, { cause });
    }
  }

  async decode(samples: readonly JobSample[]): Promise<void> {
    const decoder = this.#require();
    for (const { data, ptsUs, isSync } of samples) {
      if (this.#isOver(decoder)) break;
      if (this.#track !== undefined && showsPicture(this.#track, data)) this.#inside.went(ptsUs);
      const type = isSync ? 'key' : 'delta';
      decoder.decode(new EncodedVideoChunk({ type, timestamp: Math.round(ptsUs), data }));
      if (decoder.decodeQueueSize > MAX_QUEUED) await dequeued(decoder, MAX_QUEUED);
    }
    while (decoder.decodeQueueSize > 0 && !this.#isOver(decoder)) await dequeued(decoder, 0);
    await this.#inside.settled(SETTLE_MS, () => this.#isOver(decoder));
    await this.#deliver(decoder);
  }

  async flush(): Promise<void> {
    const decoder = this.#require();
    if (!this.#isOver(decoder)) {
      await decoder.flush().catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      });
    }
    this.#inside.clear();
    await this.#deliver(decoder);
  }

  close(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#run = undefined;
    this.#inside.clear();
    if (decoder !== undefined && decoder.state !== 'closed') decoder.close();
  }

  #require(): VideoDecoder {
    if (this.#decoder === undefined) throw new DecodeError('bad-media', 'there is no run to go on with');
    return this.#decoder;
  }

  #isOver(decoder: VideoDecoder): boolean {
    return this.#failure !== undefined || decoder.state !== 'configured';
  }

  #take(frame: VideoFrame, run: object): void {
    countNativeFrame(frame);
    const ptsUs = run === this.#run ? this.#inside.came() : undefined;
    const isTooLarge = frame.codedWidth * frame.codedHeight > MAX_PIXELS;
    if (isTooLarge) {
      this.#failure ??= new DecodeError('too-large', `a picture of ${frame.codedWidth}x${frame.codedHeight}`);
    }
    if (ptsUs === undefined || isTooLarge || !this.#sink.isWanted(ptsUs)) frame.close();
    else this.#copies.push(this.#copy(frame, ptsUs));
  }

  async #copy(frame: VideoFrame, ptsUs: number): Promise<void> {
    try {
      this.#sink.take(await pictureOf(frame, ptsUs));
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    } finally {
      frame.close();
    }
  }

  /** All copies are made; a failure is told after the pictures that came before it. */
  async #deliver(decoder: VideoDecoder): Promise<void> {
    await Promise.all(this.#copies.splice(0));
    // It closes when it fails; why, it says later.
    if (decoder.state !== 'configured') this.#failure ??= new Error('it has closed');
    const failure = this.#failure;
    if (failure === undefined) return;
    this.close();
    if (failure instanceof DecodeError) throw failure;
    throw new DecodeError('bad-media', `the decoder says: ${failure.message}`, { cause: failure });
  }
}

async function pictureOf(frame: VideoFrame, ptsUs: number): Promise<DecodedPicture> {
  const width = frame.visibleRect?.width ?? frame.codedWidth;
  const height = frame.visibleRect?.height ?? frame.codedHeight;
  return { ptsUs, width, height, i420: await i420Of(frame, width, height), color: colorOf(frame) };
}

async function i420Of(frame: VideoFrame, width: number, height: number): Promise<Uint8Array> {
  const format = planarFormatOf(frame.format ?? '');
  if (format !== undefined && (frame.format !== 'I420' || format.bits > 8)) {
    // It converts none of these itself.
    const bytes = new Uint8Array(frame.allocationSize());
    return toI420(bytes, await frame.copyTo(bytes), format, width, height);
  }
  const i420 = new Uint8Array(frame.allocationSize({ format: 'I420' }));
  await frame.copyTo(i420, { format: 'I420' });
  const expected = width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
  if (i420.length !== expected) {
    throw new DecodeError('bad-media', `${i420.length} bytes for a picture of ${width}x${height}`);
  }
  return i420;
}

function colorOf({ colorSpace }: VideoFrame): ColorFormat {
  return {
    range: colorSpace.fullRange === true ? 'full' : DEFAULT_COLOR.range,
    matrix: colorSpace.matrix === 'bt709' ? 'bt709' : DEFAULT_COLOR.matrix,
  };
}
