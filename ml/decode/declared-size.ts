import { CodecError } from '../../fragments/media/codec-error.ts';
import { describeTrack } from '../../fragments/media/describe-track.ts';
import { inBandConfig } from '../../fragments/media/in-band-config.ts';
import type { Track } from '../../fragments/media/track.ts';
import { DecodeError } from './decode-job.ts';
import { MAX_PIXELS } from './frame-decoder.ts';

/** What a decoder has to know of a track. */
export type DecodableTrack = Pick<Track, 'codec' | 'codecString' | 'config' | 'width' | 'height'>;

/**
 * The size that a decoder would be told at a key frame, by the sample itself or by the configuration, is looked at before any
 * decoder sees them: a hundred kilobytes may ask for a picture of a gigabyte, whatever the container says (detection.md §4).
 * Throws DecodeError `too-large`, `bad-media`.
 */
export function requireModestSize(track: DecodableTrack, sample: Uint8Array): void {
  read(() => {
    const declared = whole(track);
    requireModest(declared);
    requireModest(describeTrack({ ...declared, ...inBandConfig(declared, sample) }));
  });
}

/** The same of a sample that goes on: it may carry the parameters of a larger picture. */
export function requireModestChange(track: DecodableTrack, sample: Uint8Array): void {
  read(() => {
    const declared = whole(track);
    const change = inBandConfig(declared, sample);
    if (change !== undefined) requireModest(describeTrack({ ...declared, ...change }));
  });
}

function whole(track: DecodableTrack): Track {
  return { ...track, id: 1, kind: 'video', timescale: 1 };
}

function requireModest({ width = 0, height = 0 }: Track): void {
  if (width * height > MAX_PIXELS) throw new DecodeError('too-large', `pictures of ${width}x${height}`);
}

function read(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DecodeError('bad-media', error.message, { cause: error });
  }
}
