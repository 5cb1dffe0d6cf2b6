import type { VideoDecoder, VideoDecoderConfig } from '@napi-rs/webcodecs';
import type { DecodableTrack } from './declared-size.ts';

/** Samples in the decoder at once (detection.md "stop feeding at decodeQueueSize > 8"). */
export const MAX_QUEUED = 8;

/** Codecs whose parameters are outside the samples. */
const DESCRIBED = new Set(['h264', 'h265', 'av1']);

export function configOf({ codec, codecString, config, width, height }: DecodableTrack): VideoDecoderConfig {
  return {
    codec: codec === 'vp8' ? 'vp8' : codecString,
    ...(DESCRIBED.has(codec) ? { description: config } : {}),
    ...(width === undefined || height === undefined ? {} : { codedWidth: width, codedHeight: height }),
    hardwareAcceleration: 'prefer-software',
  };
}

/** Resolves when the decoder has taken a sample out of its queue, or has no more than `limit` there. */
export function dequeued(decoder: VideoDecoder, limit: number): Promise<void> {
  return new Promise((resolve) => {
    decoder.addEventListener('dequeue', () => resolve(), { once: true });
    // It may have happened between the look at the queue and here, or never happen after an error.
    if (decoder.decodeQueueSize <= limit || decoder.state !== 'configured') resolve();
  });
}
