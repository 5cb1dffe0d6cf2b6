import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from '@napi-rs/webcodecs';
import { DecodeError, type DecodeJob, type JobSample } from './decode-job.ts';
import { type FrameDecoder, MAX_PIXELS, type RawFrame } from './frame-decoder.ts';
import { FramePicker } from './frame-picker.ts';

/** Samples in the decoder at once. */
const MAX_QUEUED = 8;
/**
 * Closed frames are given back by the garbage collector only: without this, memory grows to a gigabyte (detection.md §4:
 * "gc({type:'minor'}) every 50 frames: 156 to 173 MB flat").
 */
const FRAMES_PER_COLLECTION = 50;

/** Codecs whose parameters are outside the samples. */
const DESCRIBED = new Set(['h264', 'h265', 'av1']);

interface Picked {
  readonly frame: VideoFrame;
  readonly wanted: readonly number[];
}

/** Decodes with the WebCodecs of `@napi-rs/webcodecs`: FFmpeg's decoders inside this process. */
export class WebcodecsDecoder implements FrameDecoder {
  #framesSinceCollection = 0;

  async decode(
    job: DecodeJob,
    onFrame: (frame: RawFrame, wanted: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const picked: Picked[] = [];
    const times = new OutputTimes(job.samples);
    const picker = new FramePicker<VideoFrame>(job.wantedUs, (frame) => frame.close());
    let failure: Error | undefined;
    const decoder = new VideoDecoder({
      output: (frame) => {
        this.#collect();
        const one = picker.push(frame, times.next(frame));
        if (one !== undefined) picked.push(one);
      },
      error: (error) => {
        failure ??= error;
      },
    });
    const deliver = async () => {
      for (let one = picked.shift(); one !== undefined; one = picked.shift()) {
        try {
          await onFrame(await rawFrameOf(one.frame), one.wanted);
        } finally {
          one.frame.close();
        }
      }
    };
    try {
      this.#configure(decoder, job);
      for (const { data, ptsUs, isSync } of job.samples) {
        if (failure !== undefined || decoder.state !== 'configured') break;
        decoder.decode(new EncodedVideoChunk({ type: isSync ? 'key' : 'delta', timestamp: ptsUs, data }));
        if (decoder.decodeQueueSize > MAX_QUEUED) await dequeued(decoder);
        await deliver();
      }
      // A broken sample ends the decoder; what came out before it may be what was wanted.
      if (decoder.state === 'configured') {
        await decoder.flush().catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
        });
      }
      const last = picker.finish();
      if (last !== undefined) picked.push(last);
      else if (failure !== undefined && picked.length === 0) throw badMedia(failure);
      await deliver();
    } finally {
      const rest = picker.finish();
      rest?.frame.close();
      for (const { frame } of picked) frame.close();
      if (decoder.state !== 'closed') decoder.close();
    }
  }

  #configure(decoder: VideoDecoder, { track }: DecodeJob): void {
    try {
      decoder.configure({
        codec: track.codec === 'vp8' ? 'vp8' : track.codecString,
        ...(DESCRIBED.has(track.codec) ? { description: track.config } : {}),
        ...(track.width === undefined || track.height === undefined
          ? {}
          : { codedWidth: track.width, codedHeight: track.height }),
        hardwareAcceleration: 'prefer-software',
      });
    } catch (cause) {
      throw new DecodeError('unsupported', `no native decoder for ${track.codecString}`, { cause });
    }
  }

  #collect(): void {
    if (++this.#framesSinceCollection < FRAMES_PER_COLLECTION) return;
    this.#framesSinceCollection = 0;
    globalThis.gc?.({ type: 'minor' });
  }
}

/**
 * Presentation times of what comes out. Version 1.3.1 hands frames out in presentation order but names them by the times of
 * the chunks in the order they went in: where B-frames make the two differ, the n-th frame out has the n-th smallest time.
 */
class OutputTimes {
  readonly #inOrderUs: readonly number[] | undefined;
  #next = 0;

  constructor(samples: readonly JobSample[]) {
    const isReordered = samples.some(({ ptsUs }, i) => ptsUs < (samples[i - 1]?.ptsUs ?? ptsUs));
    this.#inOrderUs = isReordered ? samples.map(({ ptsUs }) => ptsUs).sort((a, b) => a - b) : undefined;
  }

  next(frame: VideoFrame): number {
    return this.#inOrderUs?.[this.#next++] ?? frame.timestamp;
  }
}

async function rawFrameOf(frame: VideoFrame): Promise<RawFrame> {
  const width = frame.visibleRect?.width ?? frame.codedWidth;
  const height = frame.visibleRect?.height ?? frame.codedHeight;
  if (width * height > MAX_PIXELS) throw new DecodeError('too-large', `a picture of ${width}x${height}`);
  const rgba = new Uint8Array(frame.allocationSize({ format: 'RGBA' }));
  await frame.copyTo(rgba, { format: 'RGBA' });
  if (rgba.length !== width * height * 4) {
    throw new DecodeError('bad-media', `${rgba.length} bytes for a picture of ${width}x${height}`);
  }
  return { width, height, rgba };
}

function dequeued(decoder: VideoDecoder): Promise<void> {
  return new Promise((resolve) => {
    decoder.addEventListener('dequeue', () => resolve(), { once: true });
    // It may have happened between the look at the queue and here, or never happen after an error.
    if (decoder.decodeQueueSize <= MAX_QUEUED || decoder.state !== 'configured') resolve();
  });
}

function badMedia(cause: Error): DecodeError {
  return new DecodeError('bad-media', `the decoder says: ${cause.message}`, { cause });
}
