import { bodyOf, findBox, readBoxes } from './boxes.ts';
import { putTicks64 } from './fields.ts';

/** The `prft` box (ISO 14496-12 §8.16.5): which instant of wall time an instant of media time is. */

/** One pair of media and wall time. */
export interface WallClock {
  readonly trackId: number;
  /** Presentation time in the track's timescale. */
  readonly mediaTicks: number;
  /** The producer's clock, epoch ms; kept to the microsecond. */
  readonly epochMs: number;
}

export const PRFT_BYTES = 32;

/**
 * "The UTC time has a consistent, small (ideally zero) offset from the real time of the experience depicted": what a
 * camera's own clock says.
 */
const CAPTURE_TIME_FLAGS = 24;
/** From 1900, where NTP counts from, to 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
/** NTP's 32-bit seconds wrap in 2036. */
const NTP_ERA_SECONDS = 0x1_0000_0000;

/** Writes `prft` version 1 at `at`; answers the position after it. */
export function writePrft(view: DataView, at: number, clock: WallClock): number {
  const unixSeconds = Math.floor(clock.epochMs / 1000);
  const fraction = Math.floor((clock.epochMs / 1000 - unixSeconds) * 0x1_0000_0000);
  view.setUint32(at, PRFT_BYTES);
  view.setUint32(at + 4, 0x7072_6674); // 'prft'
  view.setUint32(at + 8, 0x0100_0000 | CAPTURE_TIME_FLAGS);
  view.setUint32(at + 12, clock.trackId);
  view.setUint32(at + 16, (unixSeconds + NTP_TO_UNIX_SECONDS) % NTP_ERA_SECONDS);
  view.setUint32(at + 20, fraction);
  return putTicks64(view, at + 24, clock.mediaTicks);
}

/** The wall clock of a chunk: its first `prft`, or `undefined`. Throws Mp4Error for damaged boxes. */
export function wallClockOf(chunkBytes: Uint8Array): WallClock | undefined {
  const prft = findBox(readBoxes(chunkBytes), 'prft');
  if (prft === undefined) return undefined;
  const cursor = bodyOf(prft);
  const version = cursor.u8();
  cursor.skip(3);
  const trackId = cursor.u32();
  const ntpSeconds = cursor.u32();
  const eraSeconds = ntpSeconds < NTP_TO_UNIX_SECONDS ? NTP_ERA_SECONDS : 0;
  const seconds = ntpSeconds + eraSeconds - NTP_TO_UNIX_SECONDS;
  const micros = Math.round((cursor.u32() * 1_000_000) / 0x1_0000_0000);
  const mediaTicks = version === 0 ? cursor.u32() : cursor.u64();
  return { trackId, mediaTicks, epochMs: seconds * 1000 + micros / 1000 };
}
