import type { Track } from '../media/track.ts';
import { element, idBytes, sizeBytes, textElement, UNKNOWN_SIZE_BYTES, uintElement } from './ebml-writer.ts';
import * as Id from './element-ids.ts';
import type { MatroskaTag } from './matroska-event.ts';
import { trackEntry } from './track-entry.ts';

/**
 * Live Matroska as bytes: `documentHeader, { tagsElement, clusterHead, { simpleBlockHead, frame } }`. Heads only: frames go out
 * by reference beside them. The same input gives the same bytes.
 */

const APPLICATION = 'Framelog';
const NANOSECONDS_PER_MS = 1_000_000;
/** The service writes tags with sizes of four bytes (kvs.md §3.2). */
const TAG_SIZE_LENGTH = 4;

const FLAG_KEY = 0x80;
const FLAG_INVISIBLE = 0x08;
const FLAG_DISCARDABLE = 0x01;
const MIN_RELATIVE = -0x8000;
const MAX_RELATIVE = 0x7fff;
/** Track numbers of one to four octets. */
const MAX_TRACK_NUMBER = 0x0fff_fffe;

/**
 * EBML header, Segment of unknown size (in eight bytes, as recorded from the service), Info and Tracks. `timecodeScaleNs`:
 * nanoseconds a tick of cluster and block times. Throws CodecError when a track's config cannot be read.
 */
export function documentHeader(tracks: readonly Track[], timecodeScaleNs = NANOSECONDS_PER_MS): Uint8Array {
  return Buffer.concat([
    element(Id.EBML, [
      uintElement(Id.EBML_VERSION, 1),
      uintElement(Id.EBML_READ_VERSION, 1),
      uintElement(Id.EBML_MAX_ID_LENGTH, 4),
      uintElement(Id.EBML_MAX_SIZE_LENGTH, 8),
      textElement(Id.DOC_TYPE, 'matroska'),
      // Version 4 has CodecDelay and SeekPreRoll; SimpleBlock can be read by version 2.
      uintElement(Id.DOC_TYPE_VERSION, 4),
      uintElement(Id.DOC_TYPE_READ_VERSION, 2),
    ]),
    idBytes(Id.SEGMENT),
    UNKNOWN_SIZE_BYTES,
    element(Id.INFO, [
      uintElement(Id.TIMECODE_SCALE, timecodeScaleNs),
      textElement(Id.MUXING_APP, APPLICATION),
      textElement(Id.WRITING_APP, APPLICATION),
    ]),
    element(Id.TRACKS, tracks.map(trackEntry)),
  ]);
}

/**
 * The head of a Cluster and its Timestamp, in ticks from 0 on. `blocksBytes`: of all blocks with their heads, when they
 * are known; else the size of the cluster is unknown, and the next one ends it. Throws RangeError for a negative time.
 */
export function clusterHead(timecode: number, blocksBytes?: number): Uint8Array {
  if (!(timecode >= 0)) throw new RangeError(`a cluster at ${timecode}`);
  const time = uintElement(Id.TIMECODE, timecode);
  const size = blocksBytes === undefined ? UNKNOWN_SIZE_BYTES : sizeBytes(time.length + blocksBytes);
  return Buffer.concat([idBytes(Id.CLUSTER), size, time]);
}

/** What a block says beside its track, time and key flag. */
export interface BlockFlags {
  readonly isInvisible?: boolean;
  readonly isDiscardable?: boolean;
}

/**
 * What stands in front of a frame of `dataBytes`. `relativeTicks`: to the cluster's time, from -32768 to 32767. Throws
 * RangeError for a time or a track number that a block cannot carry.
 */
export function simpleBlockHead(
  trackNumber: number,
  relativeTicks: number,
  isKey: boolean,
  dataBytes: number,
  flags: BlockFlags = {},
): Uint8Array {
  if (!(relativeTicks >= MIN_RELATIVE && relativeTicks <= MAX_RELATIVE)) {
    throw new RangeError(`a block ${relativeTicks} ticks from its cluster`);
  }
  if (!(trackNumber >= 1 && trackNumber <= MAX_TRACK_NUMBER))
    throw new RangeError(`track number ${trackNumber}`);
  const number = sizeBytes(trackNumber);
  const size = sizeBytes(number.length + 3 + dataBytes);
  const head = new Uint8Array(1 + size.length + number.length + 3);
  head[0] = Id.SIMPLE_BLOCK;
  head.set(size, 1);
  head.set(number, 1 + size.length);
  const at = head.length - 3;
  head[at] = relativeTicks >> 8;
  head[at + 1] = relativeTicks;
  head[at + 2] =
    (isKey ? FLAG_KEY : 0) |
    (flags.isInvisible === true ? FLAG_INVISIBLE : 0) |
    (flags.isDiscardable === true ? FLAG_DISCARDABLE : 0);
  return head;
}

/** One Tags element of one Tag without targets; sizes of four bytes, as the service writes them (kvs.md §3.2). */
export function tagsElement(tags: readonly MatroskaTag[]): Uint8Array {
  const simpleTags = tags.map(({ name, value }) =>
    element(
      Id.SIMPLE_TAG,
      [textElement(Id.TAG_NAME, name, TAG_SIZE_LENGTH), textElement(Id.TAG_STRING, value, TAG_SIZE_LENGTH)],
      TAG_SIZE_LENGTH,
    ),
  );
  return element(Id.TAGS, [element(Id.TAG, simpleTags, TAG_SIZE_LENGTH)], TAG_SIZE_LENGTH);
}
