import type { Sample } from '../media/track.ts';
import { putSignedTicks32, putTicks32, putTicks64, putU32 } from './fields.ts';
import {
  NON_SYNC_SAMPLE_FLAGS,
  SYNC_SAMPLE_FLAGS,
  TrackFragmentFlag,
  TrackRunFlag,
} from './fragment-flags.ts';
import { Mp4Error } from './mp4-error.ts';
import { PRFT_BYTES, type WallClock, writePrft } from './wall-clock.ts';

/**
 * Writes chunks: `[prefix] prft moof mdat`. All that is not media goes into one header buffer; the samples follow by
 * reference. Runs for every part of every camera, so the fields are laid down by hand, in two passes over the samples:
 * one finds what may be left unsaid, one writes.
 */

/** The samples of one track in a chunk, in decode order. */
export interface TrackRun {
  readonly trackId: number;
  /** Decode time of the first sample on the log's timeline, in the track's timescale (`tfdt`). */
  readonly baseDecodeTicks: number;
  /** Each must have its duration. Its `trackId` and `dtsTicks` are not looked at. */
  readonly samples: readonly Sample[];
}

export interface ChunkContent {
  /** Sequence number of the `moof`, kept modulo 2^32. */
  readonly sequence: number;
  /** In the order in which their samples lie in the `mdat`; a run without samples is left out. */
  readonly runs: readonly TrackRun[];
  readonly wallClock?: WallClock;
  /** Whole boxes to put in front, copied into the header buffer. */
  readonly prefix?: Uint8Array;
}

export interface Chunk {
  /** The header, then each sample's own bytes; for `writev`. */
  readonly buffers: Uint8Array[];
  readonly sizeBytes: number;
  /** Length of the first buffer. */
  readonly headerBytes: number;
}

const MOOF_AND_MFHD_BYTES = 8 + 16;
const TRAF_BYTES = 8;
const TFDT_BYTES = 20;
const MDAT_HEADER_BYTES = 8;
/** `trun` data offsets are signed 32-bit numbers. */
const MAX_CHUNK_BYTES = 0x7fff_ffff;

/** How compactly a run can be said. */
interface RunForm {
  readonly run: TrackRun;
  readonly dataBytes: number;
  readonly fragmentFlags: number;
  readonly runFlags: number;
  readonly defaultFlags: number;
  readonly trackHeaderBytes: number;
  readonly trackRunBytes: number;
}

/**
 * Writes one chunk. Throws Mp4Error `unsupported` when it would pass 2 GiB, or a time, duration or offset does not fit
 * its field.
 */
export function writeChunk(content: ChunkContent): Chunk {
  const { wallClock, prefix } = content;
  const forms = content.runs.filter((run) => run.samples.length > 0).map(formOf);
  let moofBytes = MOOF_AND_MFHD_BYTES;
  let dataBytes = 0;
  let sampleCount = 0;
  for (const form of forms) {
    moofBytes += TRAF_BYTES + form.trackHeaderBytes + TFDT_BYTES + form.trackRunBytes;
    dataBytes += form.dataBytes;
    sampleCount += form.run.samples.length;
  }
  const moofStart = (prefix?.length ?? 0) + (wallClock === undefined ? 0 : PRFT_BYTES);
  const headerBytes = moofStart + moofBytes + MDAT_HEADER_BYTES;
  const sizeBytes = headerBytes + dataBytes;
  if (sizeBytes > MAX_CHUNK_BYTES)
    throw new Mp4Error('unsupported', `a chunk of ${sizeBytes} bytes is over 2 GiB`);

  const header = Buffer.allocUnsafe(headerBytes);
  const view = new DataView(header.buffer, header.byteOffset, headerBytes);
  if (prefix !== undefined) header.set(prefix);
  if (wallClock !== undefined) writePrft(view, moofStart - PRFT_BYTES, wallClock);

  view.setUint32(moofStart, moofBytes);
  view.setUint32(moofStart + 4, 0x6d6f_6f66); // 'moof'
  view.setUint32(moofStart + 8, 16);
  view.setUint32(moofStart + 12, 0x6d66_6864); // 'mfhd'
  view.setUint32(moofStart + 16, 0);
  view.setUint32(moofStart + 20, content.sequence % 0x1_0000_0000);

  const buffers = new Array<Uint8Array>(1 + sampleCount);
  buffers[0] = header;
  let filled = 1;
  let at = moofStart + MOOF_AND_MFHD_BYTES;
  let dataOffset = moofBytes + MDAT_HEADER_BYTES;
  for (const form of forms) {
    at = writeTrackFragment(view, at, form, dataOffset);
    dataOffset += form.dataBytes;
    for (const sample of form.run.samples) buffers[filled++] = sample.data;
  }
  view.setUint32(at, MDAT_HEADER_BYTES + dataBytes);
  view.setUint32(at + 4, 0x6d64_6174); // 'mdat'
  return { buffers, sizeBytes, headerBytes };
}

function formOf(run: TrackRun): RunForm {
  const { samples } = run;
  const first = samples[0] as Sample;
  const second = samples[1];
  let dataBytes = 0;
  let sameDuration = true;
  let sameSize = true;
  let hasOffsets = false;
  let sameSyncAfterFirst = true;
  for (const [i, sample] of samples.entries()) {
    dataBytes += sample.data.length;
    if (sample.durationTicks !== first.durationTicks) sameDuration = false;
    if (sample.data.length !== first.data.length) sameSize = false;
    if (sample.compositionOffsetTicks !== 0) hasOffsets = true;
    if (i > 1 && sample.isSync !== second?.isSync) sameSyncAfterFirst = false;
  }
  const firstDiffers = second !== undefined && second.isSync !== first.isSync;

  let fragmentFlags: number = TrackFragmentFlag.defaultBaseIsMoof;
  let runFlags: number = TrackRunFlag.dataOffset;
  let trackHeaderBytes = 16;
  let trackRunBytes = 20;
  let perSampleBytes = 0;
  if (sameDuration) {
    fragmentFlags |= TrackFragmentFlag.defaultDuration;
    trackHeaderBytes += 4;
  } else {
    runFlags |= TrackRunFlag.duration;
    perSampleBytes += 4;
  }
  if (sameSize) {
    fragmentFlags |= TrackFragmentFlag.defaultSize;
    trackHeaderBytes += 4;
  } else {
    runFlags |= TrackRunFlag.size;
    perSampleBytes += 4;
  }
  if (sameSyncAfterFirst) {
    fragmentFlags |= TrackFragmentFlag.defaultFlags;
    trackHeaderBytes += 4;
    if (firstDiffers) {
      runFlags |= TrackRunFlag.firstSampleFlags;
      trackRunBytes += 4;
    }
  } else {
    runFlags |= TrackRunFlag.flags;
    perSampleBytes += 4;
  }
  if (hasOffsets) {
    runFlags |= TrackRunFlag.compositionOffset;
    perSampleBytes += 4;
  }
  trackRunBytes += perSampleBytes * samples.length;
  const defaultFlags = flagsOf(second ?? first);
  return { run, dataBytes, fragmentFlags, runFlags, defaultFlags, trackHeaderBytes, trackRunBytes };
}

function flagsOf(sample: Sample): number {
  return sample.isSync ? SYNC_SAMPLE_FLAGS : NON_SYNC_SAMPLE_FLAGS;
}

/** Writes one `traf`; `dataOffset`: from the first byte of the `moof` to the run's first sample. */
function writeTrackFragment(view: DataView, start: number, form: RunForm, dataOffset: number): number {
  const { run, fragmentFlags, runFlags, trackHeaderBytes, trackRunBytes } = form;
  const first = run.samples[0] as Sample;
  let at = start;
  view.setUint32(at, TRAF_BYTES + trackHeaderBytes + TFDT_BYTES + trackRunBytes);
  view.setUint32(at + 4, 0x7472_6166); // 'traf'
  at += TRAF_BYTES;

  view.setUint32(at, trackHeaderBytes);
  view.setUint32(at + 4, 0x7466_6864); // 'tfhd'
  view.setUint32(at + 8, fragmentFlags);
  view.setUint32(at + 12, run.trackId);
  at += 16;
  if (fragmentFlags & TrackFragmentFlag.defaultDuration) at = putTicks32(view, at, first.durationTicks);
  if (fragmentFlags & TrackFragmentFlag.defaultSize) at = putU32(view, at, first.data.length);
  if (fragmentFlags & TrackFragmentFlag.defaultFlags) at = putU32(view, at, form.defaultFlags);

  view.setUint32(at, TFDT_BYTES);
  view.setUint32(at + 4, 0x7466_6474); // 'tfdt'
  view.setUint32(at + 8, 0x0100_0000); // version 1: 64 bits
  at = putTicks64(view, at + 12, run.baseDecodeTicks);

  view.setUint32(at, trackRunBytes);
  view.setUint32(at + 4, 0x7472_756e); // 'trun'
  view.setUint32(at + 8, 0x0100_0000 | runFlags); // version 1: signed composition offsets
  view.setUint32(at + 12, run.samples.length);
  view.setInt32(at + 16, dataOffset);
  at += 20;
  if (runFlags & TrackRunFlag.firstSampleFlags) at = putU32(view, at, flagsOf(first));
  for (const sample of run.samples) {
    if (runFlags & TrackRunFlag.duration) at = putTicks32(view, at, sample.durationTicks);
    if (runFlags & TrackRunFlag.size) at = putU32(view, at, sample.data.length);
    if (runFlags & TrackRunFlag.flags) at = putU32(view, at, flagsOf(sample));
    if (runFlags & TrackRunFlag.compositionOffset)
      at = putSignedTicks32(view, at, sample.compositionOffsetTicks);
  }
  return at;
}
