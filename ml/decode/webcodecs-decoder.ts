import { EncodedVideoChunk, VideoDecoder, type VideoFrame } from '@napi-rs/webcodecs';
import { showsPicture } from './coded-picture.ts';
import { DecodeError, type DecodeJob } from './decode-job.ts';
import { type FrameDecoder, MAX_PIXELS, type RawFrame } from './frame-decoder.ts';
import { countNativeFrame } from './frame-memory.ts';
import { FramePicker } from './frame-picker.ts';
import { OutputTimes } from './output-times.ts';
import { configOf, dequeued, MAX_QUEUED } from './webcodecs-config.ts';

interface Picked {
  readonly frame: VideoFrame;
  readonly wanted: readonly number[];
}

/** Decodes with the WebCodecs of `@napi-rs/webcodecs`: FFmpeg's decoders inside this process. */
export class WebcodecsDecoder implements FrameDecoder {
  async decode(
    job: DecodeJob,
    onFrame: (frame: RawFrame, wanted: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const picked: Picked[] = [];
    const times = new OutputTimes();
    const picker = new FramePicker<VideoFrame>(job.wantedUs, (frame) => frame.close());
    let failure: Error | undefined;
    const decoder = new VideoDecoder({
      output: (frame) => {
        countNativeFrame(frame);
        const one = picker.push(frame, times.next() ?? frame.timestamp);
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
        if (showsPicture(job.track, data)) times.push(ptsUs);
        decoder.decode(
          new EncodedVideoChunk({ type: isSync ? 'key' : 'delta', timestamp: Math.round(ptsUs), data }),
        );
        if (decoder.decodeQueueSize > MAX_QUEUED) await dequeued(decoder, MAX_QUEUED);
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
      decoder.configure(configOf(track));
    } catch (cause) {
      throw new DecodeError('unsupported', `no native decoder for ${track.codecString}`, { cause });
    }
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

function badMedia(cause: Error): DecodeError {
  return new DecodeError('bad-media', `the decoder says: ${cause.message}`, { cause });
}
