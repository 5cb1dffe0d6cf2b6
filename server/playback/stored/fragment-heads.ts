import { readBoxes, requireBox } from '../../../fragments/cmaf/boxes.ts';
import { FileBoxes } from '../../../fragments/cmaf/file-boxes.ts';
import { type MovieFragment, readMoof } from '../../../fragments/cmaf/moof.ts';
import { Mp4Error } from '../../../fragments/cmaf/mp4-error.ts';
import type { FragmentBytes } from '../../../fragments/stream/fragment-log.ts';

/**
 * Where and when the samples of a stored fragment are, chunk by chunk, without reading the media. Offsets count from the
 * fragment's first byte and were checked against its size. Throws Mp4Error, LogReadError.
 */
export async function readFragmentHeads(stored: FragmentBytes): Promise<MovieFragment[]> {
  const boxes = new FileBoxes({
    sizeBytes: stored.sizeBytes,
    read: async (offsetBytes, lengthBytes) => {
      const bytes = Buffer.allocUnsafe(lengthBytes);
      await stored.read(bytes, offsetBytes, lengthBytes);
      return bytes;
    },
  });
  const fragments: MovieFragment[] = [];
  const nextTicks = new Map<number, number>();
  for (let box = await boxes.next(); box !== undefined; box = await boxes.next()) {
    if (box.type !== 'moof') continue;
    const moof = requireBox(readBoxes(await boxes.read(box)), 'moof');
    const fragment = readMoof(moof, { moofOffsetBytes: box.offsetBytes, nextTicks });
    for (const { trackId, endTicks, samples } of fragment.tracks) {
      nextTicks.set(trackId, endTicks);
      for (const { offsetBytes, sizeBytes } of samples) {
        if (offsetBytes < 0 || offsetBytes + sizeBytes > stored.sizeBytes) {
          throw new Mp4Error('truncated', `a sample of track ${trackId} lies outside its fragment`);
        }
      }
    }
    fragments.push(fragment);
  }
  if (boxes.isTorn) throw new Mp4Error('truncated', 'the fragment ends inside a box');
  return fragments;
}
