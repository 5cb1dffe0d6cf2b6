import { FileBoxes } from './file-boxes.ts';
import { Mp4Error } from './mp4-error.ts';
import type { RandomAccessSource } from './random-access.ts';

/** What a chunk says of its media. */
export interface ChunkHead {
  /** Where its `moof` begins in the segment; offsets in `moof` count from there. */
  readonly offsetBytes: number;
  readonly moof: Uint8Array;
  /** End of its `mdat` in the segment. */
  readonly endBytes: number;
}

/**
 * The chunks of a media segment in order, read without their media. Throws Mp4Error for what is damaged or cut, and
 * whatever the source throws.
 */
export async function* chunkHeads(segment: RandomAccessSource): AsyncGenerator<ChunkHead, void, undefined> {
  const boxes = new FileBoxes(segment);
  let head: Pick<ChunkHead, 'offsetBytes' | 'moof'> | undefined;
  for (let box = await boxes.next(); box !== undefined; box = await boxes.next()) {
    if (box.type === 'moof') head = { offsetBytes: box.offsetBytes, moof: await boxes.read(box) };
    if (box.type !== 'mdat' || head === undefined) continue;
    yield { ...head, endBytes: box.offsetBytes + box.sizeBytes };
    head = undefined;
  }
  if (boxes.isTorn || head !== undefined) throw new Mp4Error('truncated', 'a segment ends within a chunk');
}
