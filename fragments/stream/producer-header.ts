import { box } from '../cmaf/box-writer.ts';
import { type Box, bodyBytes, childrenOf, findBox, readBoxes, requireBox } from '../cmaf/boxes.ts';
import { Mp4Error } from '../cmaf/mp4-error.ts';

/**
 * The bytes that a producer itself put in front of its media (PutMedia: EBML header to Tracks) lie inside the init segment, as a
 * `uuid` box at the end of `moov`, where players pass them over (ISO/IEC 14496-12 §4.2). So they are stored once a log file, are
 * found with each fragment's init id, and survive whatever the init segment survives.
 */

const USER_TYPE = Buffer.from('b0f6d1c2947a4e5e8a3d5c17e2f4906b', 'hex');
/** Codec private data of 1 MiB is allowed for each of three tracks (kvs.md §8), and is in the tracks' own boxes once more. */
export const MAX_PRODUCER_HEADER_BYTES = 4 * 1024 * 1024;

/**
 * The init segment (`ftyp moov`) with the header in it. Throws Mp4Error `limit-exceeded` for one of more than
 * MAX_PRODUCER_HEADER_BYTES.
 */
export function withProducerHeader(init: Uint8Array, header: Uint8Array): Uint8Array {
  if (header.length > MAX_PRODUCER_HEADER_BYTES) {
    throw new Mp4Error('limit-exceeded', `a header of ${header.length} bytes before the media`);
  }
  const boxes = readBoxes(init);
  const moov = requireBox(boxes, 'moov');
  const children = init.subarray(moov.bodyStart, moov.end);
  const grown = box('moov', children, box('uuid', USER_TYPE, header));
  return Buffer.concat([init.subarray(0, moov.start), grown, init.subarray(moov.end)]);
}

/** The producer's header out of an init segment, a view; `undefined` when it has none. Throws Mp4Error for damaged boxes. */
export function producerHeaderOf(init: Uint8Array): Uint8Array | undefined {
  const moov = findBox(readBoxes(init), 'moov');
  const own = moov === undefined ? undefined : childrenOf(moov).find(isProducerHeader);
  return own === undefined ? undefined : bodyBytes(own).subarray(USER_TYPE.length);
}

function isProducerHeader(child: Box): boolean {
  return child.type === 'uuid' && USER_TYPE.equals(bodyBytes(child).subarray(0, USER_TYPE.length));
}
