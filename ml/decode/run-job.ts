import { CodecError } from '../../fragments/media/codec-error.ts';
import { needsEarlierGroup } from './coded-picture.ts';
import { requireModestSize } from './declared-size.ts';
import { DecodeError, type DecodeJob, type Pictures } from './decode-job.ts';
import type { FrameDecoder } from './frame-decoder.ts';
import { encodePicture } from './picture-encoder.ts';

/**
 * Decodes a job and encodes its pictures; `decoders` are tried in order while they say that they cannot do the codec. Throws
 * DecodeError.
 */
export async function runJob(job: DecodeJob, decoders: readonly FrameDecoder[]): Promise<Pictures> {
  requireStart(job);
  const whole = withoutUndecodable(job);
  const pictures = new Array<Uint8Array | undefined>(job.wantedUs.length).fill(undefined);
  let unsupported: DecodeError | undefined;
  for (const decoder of decoders) {
    try {
      await decoder.decode(whole, async (frame, wanted) => {
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

function requireStart({ track, samples }: DecodeJob): void {
  const [first] = samples;
  if (first === undefined || !first.isSync)
    throw new DecodeError('bad-media', 'there is no picture to begin with');
  requireModestSize(track, first.data);
}

/**
 * In an open group of pictures, those shown before its key frame need the group before it: decoders pass over them without a
 * word, and the times of all that follows would be shifted. The key frame stands for them. Throws DecodeError `bad-media`.
 */
function withoutUndecodable(job: DecodeJob): DecodeJob {
  const { track, samples, wantedUs } = job;
  const [first] = samples;
  if (first === undefined) return job;
  try {
    const decodable = samples.filter(
      ({ ptsUs, data }) => ptsUs >= first.ptsUs || !needsEarlierGroup(track, first.data, data),
    );
    const firstUs = samples.reduce((least, { ptsUs }) => Math.min(least, ptsUs), first.ptsUs);
    const decodableUs = decodable.reduce((least, { ptsUs }) => Math.min(least, ptsUs), first.ptsUs);
    const nearest = wantedUs.map((ptsUs) => (ptsUs >= firstUs ? Math.max(ptsUs, decodableUs) : ptsUs));
    return { ...job, samples: decodable, wantedUs: nearest };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DecodeError('bad-media', error.message, { cause: error });
  }
}
