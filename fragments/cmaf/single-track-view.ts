import { type Box, childrenOf, readBoxes, requireBox } from './boxes.ts';
import { putTicks64, putU32 } from './fields.ts';
import { TrackFragmentFlag, TrackRunFlag } from './fragment-flags.ts';
import { readMoof } from './moof.ts';
import { Mp4Error } from './mp4-error.ts';

/**
 * One track of a chunk that holds several, without copying media (design.md §3 rule 7): a made-up `moof` and `mdat` header,
 * to be followed by one byte range of the chunk. For DASH, audio only, and frames for a detector.
 */
export interface SingleTrackView {
  /** `moof` and the header of the `mdat`. */
  readonly header: Uint8Array;
  /** The media that follow: this range of the chunk, counted from the chunk's first byte. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const MOOF = 0x6d6f_6f66;
const MDAT = 0x6d64_6174;
const MDAT_HEADER_BYTES = 8;
const MAX_DATA_BYTES = 0x7fff_ffff;

/**
 * Makes the view of a track from the head of a chunk (everything through its `moof`; what follows is not looked at);
 * `undefined` when the chunk has no samples of the track. `shiftTicks` of the track's timescale are added to its decode time; no
 * time becomes negative. Throws Mp4Error, `unsupported` for chunks of other writers whose samples of one track are
 * scattered or addressed from the start of the file.
 */
export function singleTrackView(
  chunkHead: Uint8Array,
  trackId: number,
  shiftTicks = 0,
): SingleTrackView | undefined {
  const moof = requireBox(readBoxes(chunkHead), 'moof');
  const boxes = childrenOf(moof);
  const fragmentHeader = requireBox(boxes, 'mfhd');
  const trackBoxes = boxes.filter((box) => box.type === 'traf');
  const fragments = readMoof(moof, { moofOffsetBytes: moof.start }).tracks;
  const index = fragments.findIndex((fragment) => fragment.trackId === trackId);
  const samples = fragments[index]?.samples ?? [];
  const trackBox = trackBoxes[index];
  const offsetBytes = samples[0]?.offsetBytes;
  if (trackBox === undefined || offsetBytes === undefined) return undefined;
  let end = offsetBytes;
  for (const sample of samples) {
    if (sample.offsetBytes !== end)
      throw new Mp4Error('unsupported', `samples of track ${trackId} are scattered`);
    end += sample.sizeBytes;
  }
  const sizeBytes = end - offsetBytes;
  if (sizeBytes > MAX_DATA_BYTES) throw new Mp4Error('unsupported', `${sizeBytes} bytes in one chunk`);

  const fragmentHeaderBytes = fragmentHeader.end - fragmentHeader.start;
  const moofBytes = 8 + fragmentHeaderBytes + (trackBox.end - trackBox.start);
  const header = Buffer.alloc(moofBytes + MDAT_HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  putU32(view, putU32(view, 0, moofBytes), MOOF);
  header.set(chunkHead.subarray(fragmentHeader.start, fragmentHeader.end), 8);
  header.set(chunkHead.subarray(trackBox.start, trackBox.end), 8 + fragmentHeaderBytes);
  putU32(view, putU32(view, moofBytes, MDAT_HEADER_BYTES + sizeBytes), MDAT);
  const movedBytes = header.length - (offsetBytes - moof.start);
  const fields = readBoxes(header, 8 + fragmentHeaderBytes, moofBytes).flatMap((traf) => childrenOf(traf));
  moveDataOffsets(view, fields, movedBytes);
  if (shiftTicks !== 0) moveDecodeTime(view, fields, (samples[0]?.dtsTicks ?? 0) + shiftTicks);
  return { header, offsetBytes, sizeBytes };
}

/** Adds to the data offsets of a `traf`. */
function moveDataOffsets(view: DataView, boxes: readonly Box[], movedBytes: number): void {
  if (!(view.getUint32(requireBox(boxes, 'tfhd').bodyStart) & TrackFragmentFlag.defaultBaseIsMoof)) {
    throw new Mp4Error('unsupported', 'data offsets that do not count from the moof');
  }
  for (const run of boxes.filter((box) => box.type === 'trun')) {
    const hasOffset = view.getUint32(run.bodyStart) & TrackRunFlag.dataOffset;
    if (hasOffset) view.setInt32(run.bodyStart + 8, view.getInt32(run.bodyStart + 8) + movedBytes);
  }
}

function moveDecodeTime(view: DataView, boxes: readonly Box[], ticks: number): void {
  const decodeTime = requireBox(boxes, 'tfdt');
  if (view.getUint8(decodeTime.bodyStart) !== 1)
    throw new Mp4Error('unsupported', 'a decode time of 32 bits');
  putTicks64(view, decodeTime.bodyStart + 4, Math.max(0, ticks));
}
