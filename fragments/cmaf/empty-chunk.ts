import { box, fullBox, u32 } from './box-writer.ts';
import { TrackFragmentFlag } from './fragment-flags.ts';

/** A chunk of one track without samples: what a player gets where the track was silent. */
export function emptyChunk(sequence: number, trackId: number, decodeTicks: number): Uint8Array {
  const ticks = Math.max(0, Math.round(decodeTicks));
  const decodeTime = fullBox('tfdt', 1, 0, u32(Math.floor(ticks / 0x1_0000_0000), ticks % 0x1_0000_0000));
  const traf = box(
    'traf',
    fullBox('tfhd', 0, TrackFragmentFlag.defaultBaseIsMoof, u32(trackId)),
    decodeTime,
    fullBox('trun', 1, 0, u32(0)),
  );
  return Buffer.concat([box('moof', fullBox('mfhd', 0, 0, u32(sequence)), traf), box('mdat')]);
}
