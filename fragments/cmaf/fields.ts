import { Mp4Error } from './mp4-error.ts';

/** Fields of the boxes that are written by hand, checked. Each answers the position after it. */

export function putU32(view: DataView, at: number, value: number): number {
  view.setUint32(at, value);
  return at + 4;
}

/** A duration. Throws Mp4Error `unsupported` when it is not a whole number of 32 bits. */
export function putTicks32(view: DataView, at: number, ticks: number): number {
  if (ticks >>> 0 !== ticks)
    throw new Mp4Error('unsupported', `duration ${ticks} is not 32 bits without sign`);
  return putU32(view, at, ticks);
}

/** A composition offset. Throws Mp4Error `unsupported` when it is not a whole number of 32 bits with sign. */
export function putSignedTicks32(view: DataView, at: number, ticks: number): number {
  if ((ticks | 0) !== ticks)
    throw new Mp4Error('unsupported', `composition offset ${ticks} is not 32 bits with sign`);
  view.setInt32(at, ticks);
  return at + 4;
}

/** A decode or presentation time. Throws Mp4Error `unsupported` when it is negative or not a whole number. */
export function putTicks64(view: DataView, at: number, ticks: number): number {
  if (!Number.isSafeInteger(ticks) || ticks < 0) {
    throw new Mp4Error('unsupported', `time ${ticks} is not a whole number from 0 to 2^53`);
  }
  view.setUint32(at, Math.floor(ticks / 0x1_0000_0000));
  view.setUint32(at + 4, ticks % 0x1_0000_0000);
  return at + 8;
}
