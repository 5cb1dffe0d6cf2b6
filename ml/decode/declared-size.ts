import { CodecError } from '../../fragments/media/codec-error.ts';
import { describeTrack } from '../../fragments/media/describe-track.ts';
import { inBandConfig } from '../../fragments/media/in-band-config.ts';
import type { Track } from '../../fragments/media/track.ts';
import { DecodeError } from './decode-job.ts';
import { MAX_PIXELS } from './frame-decoder.ts';

/** What a decoder has to know of a track. */
export type DecodableTrack = Pick<Track, 'codec' | 'codecString' | 'config' | 'width' | 'height'>;

/**
 * The size that a sample itself declares is looked at before any decoder sees it: a hundred kilobytes may ask for a picture of
 * a gigabyte, whatever the container says (detection.md §4). Throws DecodeError `too-large`, `bad-media`.
 */
export function requireModestSize(track: DecodableTrack, sample: Uint8Array): void {
  const declared: Track = { ...track, id: 1, kind: 'video', timescale: 1 };
  try {
    const change = inBandConfig(declared, sample);
    const { width = 0, height = 0 } =
      change === undefined ? track : describeTrack({ ...declared, ...change });
    if (width * height > MAX_PIXELS) throw new DecodeError('too-large', `pictures of ${width}x${height}`);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DecodeError('bad-media', error.message, { cause: error });
  }
}
