import type { Track, TrackKind } from '../media/track.ts';
import { box, cString, fourCc, fullBox, u16, u32, u64, zeros } from './box-writer.ts';

/** The boxes of `moov` that init segments and whole files share (ISO 14496-12 §8.2-8.5). */

const HANDLERS: Record<
  TrackKind,
  { readonly type: string; readonly name: string; readonly header: Uint8Array }
> = {
  video: { type: 'vide', name: 'Video', header: fullBox('vmhd', 0, 1, zeros(8)) },
  audio: { type: 'soun', name: 'Audio', header: fullBox('smhd', 0, 0, zeros(4)) },
  data: { type: 'meta', name: 'Data', header: fullBox('nmhd', 0, 0) },
};

const IDENTITY_MATRIX = u32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);
/** 'und' in three times five bits. */
const LANGUAGE_UNDETERMINED = 0x55c4;
const MAX_U32 = 0xffff_ffff;

/** `mvhd`; a duration of 0 leaves it open. */
export function movieHeader(timescale: number, durationTicks: number, nextTrackId: number): Uint8Array {
  return timedBox(
    'mvhd',
    0,
    durationTicks,
    u32(timescale),
    u32(0x1_0000), // rate 1.0
    u16(0x0100), // volume 1.0
    zeros(10),
    IDENTITY_MATRIX,
    zeros(24),
    u32(nextTrackId),
  );
}

/** `tkhd`; the duration is in the movie's timescale. */
export function trackHeader(track: Track, durationTicks: number): Uint8Array {
  return timedBox(
    'tkhd',
    3, // track_enabled, track_in_movie
    durationTicks,
    u32(track.id, 0),
    zeros(8),
    u16(0, 0, track.kind === 'audio' ? 0x0100 : 0, 0), // layer, alternate_group, volume, reserved
    IDENTITY_MATRIX,
    u16(track.width ?? 0, 0, track.height ?? 0, 0), // 16.16 fixed point
  );
}

/** `mdia` with the given boxes as `stbl`; the duration is in the track's timescale. */
export function mediaBox(
  track: Track,
  durationTicks: number,
  sampleTable: readonly Uint8Array[],
): Uint8Array {
  const handler = HANDLERS[track.kind];
  const mediaHeader = timedBox('mdhd', 0, durationTicks, u32(track.timescale), u16(LANGUAGE_UNDETERMINED, 0));
  const handlerBox = fullBox('hdlr', 0, 0, u32(0), fourCc(handler.type), zeros(12), cString(handler.name));
  const dataInThisFile = fullBox('url ', 0, 1);
  const dataInformation = box('dinf', fullBox('dref', 0, 0, u32(1), dataInThisFile));
  const minf = box('minf', handler.header, dataInformation, box('stbl', ...sampleTable));
  return box('mdia', mediaHeader, handlerBox, minf);
}

/**
 * A header that begins with creation and modification time (both unknown) and has its duration behind one field of its own.
 * Version 1 has 64 bits for them, and is written only where they are needed.
 */
function timedBox(
  type: string,
  flags: number,
  durationTicks: number,
  beforeDuration: Uint8Array,
  ...rest: Uint8Array[]
): Uint8Array {
  const isLong = durationTicks > MAX_U32;
  const duration = isLong ? u64(durationTicks) : u32(durationTicks);
  return fullBox(type, isLong ? 1 : 0, flags, zeros(isLong ? 16 : 8), beforeDuration, duration, ...rest);
}
