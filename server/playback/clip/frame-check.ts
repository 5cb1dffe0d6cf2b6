import type { MovieFragment } from '../../../fragments/cmaf/moof.ts';
import { avcLengthSize } from '../../../fragments/media/avc.ts';
import { hevcLengthSize } from '../../../fragments/media/hevc.ts';
import { NalCursor } from '../../../fragments/media/nal-units.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { FragmentBytes } from '../../../fragments/stream/fragment-log.ts';
import { ClipError } from './clip-error.ts';

/**
 * Looks at the first picture: media whose bytes are not what its codec says (start codes instead of lengths is the common
 * mistake) is refused, as the service does, instead of becoming a file that nothing plays. Throws ClipError `bad-frame`.
 */
export async function requireReadableFrame(
  stored: FragmentBytes,
  tracks: readonly Track[],
  heads: readonly MovieFragment[],
): Promise<void> {
  for (const track of tracks) {
    const lengthSize = nalLengthSizeOf(track);
    if (lengthSize === undefined) continue;
    const trackFragments = heads.flatMap((head) => head.tracks);
    const first = trackFragments.find(({ trackId }) => trackId === track.id)?.samples[0];
    if (first === undefined) continue;
    const sample = Buffer.allocUnsafe(first.sizeBytes);
    await stored.read(sample, first.offsetBytes, first.sizeBytes);
    const cursor = new NalCursor(sample, lengthSize);
    let units = 0;
    while (cursor.next()) units++;
    if (units === 0 || cursor.isTorn) {
      throw new ClipError('bad-frame', `the first frame of track ${track.id} is no ${track.codec}`);
    }
  }
}

function nalLengthSizeOf({ codec, config }: Track): number | undefined {
  if (codec === 'h264') return avcLengthSize(config);
  if (codec === 'h265') return hevcLengthSize(config);
  return undefined;
}
