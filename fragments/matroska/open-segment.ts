import { MAX_SIZE_LENGTH, readId, readVint, UNKNOWN_SIZE, vintLength } from './ebml.ts';
import { EBML, SEGMENT } from './element-ids.ts';

/** Octets of both ids. */
const ID_LENGTH = 4;

/**
 * A document's header whose Segment has no size, all else byte for byte: a producer that sends a file says how long its whole
 * Segment is, which is not true of a Segment with one fragment of it. The same bytes when it has none already.
 */
export function withOpenSegment(header: Uint8Array): Uint8Array {
  if (readId(header, 0, ID_LENGTH) !== EBML) return header;
  const ebmlSizeLength = vintLength(header[ID_LENGTH] ?? 0);
  const segmentAt = ID_LENGTH + ebmlSizeLength + readVint(header, ID_LENGTH, ebmlSizeLength);
  const sizeAt = segmentAt + ID_LENGTH;
  const sizeLength = vintLength(header[sizeAt] ?? 0);
  const isSegment = sizeAt + sizeLength <= header.length && readId(header, segmentAt, ID_LENGTH) === SEGMENT;
  if (!isSegment || sizeLength > MAX_SIZE_LENGTH) return header;
  if (readVint(header, sizeAt, sizeLength) === UNKNOWN_SIZE) return header;
  const opened = Uint8Array.from(header);
  // As many octets as before, so that nothing moves: the marker bit and all others set.
  opened.fill(0xff, sizeAt, sizeAt + sizeLength);
  opened[sizeAt] = 0xff >> (sizeLength - 1);
  return opened;
}
