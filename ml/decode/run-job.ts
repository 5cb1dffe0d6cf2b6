import { CodecError } from '../../fragments/media/codec-error.ts';
import { describeTrack } from '../../fragments/media/describe-track.ts';
import { inBandConfig } from '../../fragments/media/in-band-config.ts';
import type { Track } from '../../fragments/media/track.ts';
import { DecodeError, type DecodeJob, type Pictures } from './decode-job.ts';
import { type FrameDecoder, MAX_PIXELS } from './frame-decoder.ts';
import { encodePicture } from './picture-encoder.ts';

/**
 * Decodes a job and encodes its pictures; `decoders` are tried in order while they say that they cannot do the codec. Throws
 * DecodeError.
 */
export async function runJob(job: DecodeJob, decoders: readonly FrameDecoder[]): Promise<Pictures> {
  requireModestSize(job);
  const pictures = new Array<Uint8Array | undefined>(job.wantedUs.length).fill(undefined);
  let unsupported: DecodeError | undefined;
  for (const decoder of decoders) {
    try {
      await decoder.decode(job, async (frame, wanted) => {
        const picture = await encodePicture(frame, job.format);
        for (const index of wanted) pictures[index] = picture;
      });
      if (pictures.some((picture) => picture !== undefined)) return pictures;
      // Decoders pass over much without a word.
      throw new DecodeError('bad-media', 'no picture came out of the decoder');
    } catch (error) {
      if (!(error instanceof DecodeError) || error.code !== 'unsupported') throw error;
      unsupported = error;
    }
  }
  throw unsupported ?? new DecodeError('unsupported', `there is no decoder for ${job.track.codec}`);
}

/**
 * The size that the first sample itself declares is looked at before any decoder sees it: a hundred kilobytes may ask for a
 * picture of a gigabyte, whatever the container says (detection.md §4).
 */
function requireModestSize({ track, samples }: DecodeJob): void {
  const [first] = samples;
  if (first === undefined || !first.isSync)
    throw new DecodeError('bad-media', 'there is no picture to begin with');
  const declared: Track = { ...track, id: 1, kind: 'video', timescale: 1 };
  try {
    const change = inBandConfig(declared, first.data);
    const { width = 0, height = 0 } =
      change === undefined ? track : describeTrack({ ...declared, ...change });
    if (width * height > MAX_PIXELS) throw new DecodeError('too-large', `pictures of ${width}x${height}`);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DecodeError('bad-media', error.message, { cause: error });
  }
}
