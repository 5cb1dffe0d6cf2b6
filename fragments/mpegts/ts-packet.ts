/** Facts of the transport stream packet (ISO 13818-1 §2.4.3), and its three kinds of timestamps. */

export const PACKET_BYTES = 188;
export const HEADER_BYTES = 4;
export const PAYLOAD_BYTES = PACKET_BYTES - HEADER_BYTES;
export const SYNC_BYTE = 0x47;

export const PAT_PID = 0;
export const PMT_PID = 0x1000;
/** PIDs of the elementary streams: this one and those after it, in the order of the tracks. */
export const FIRST_STREAM_PID = 0x100;

/** Ticks a second of PTS and DTS. */
export const TS_TIMESCALE = 90_000;
const WRAP_TICKS = 2 ** 33;

/** PTS, DTS and PCR count modulo 2^33. */
export function wrapTicks(ticks: number): number {
  return ticks - Math.floor(ticks / WRAP_TICKS) * WRAP_TICKS;
}

/** Writes a PTS or DTS (§2.4.3.7): four bits that tell which, then 33 bits in three pieces, a marker bit behind each. */
export function putTimestamp(target: Uint8Array, at: number, kind: number, ticks: number): void {
  const wrapped = wrapTicks(ticks);
  // 32 of the 33 bits are a machine integer: `%` of larger numbers is slow, and this runs for every sample.
  const low = wrapped >>> 0;
  const high = wrapped > 0xffff_ffff ? 8 : 0;
  target[at] = (kind << 4) | high | ((low >>> 29) & 6) | 1;
  target[at + 1] = low >>> 22;
  target[at + 2] = ((low >>> 14) & 0xfe) | 1;
  target[at + 3] = low >>> 7;
  target[at + 4] = ((low << 1) & 0xfe) | 1;
}

/** Reads what `putTimestamp` wrote. */
export function readTimestamp(bytes: Uint8Array, at: number): number {
  const byte = (index: number): number => bytes[at + index] ?? 0;
  const low = (byte(1) << 22) | ((byte(2) >> 1) << 15) | (byte(3) << 7) | (byte(4) >> 1);
  return ((byte(0) >> 1) & 7) * 0x4000_0000 + low;
}

/** Writes a program_clock_reference (§2.4.3.5): 33 bits at 90 kHz, six reserved ones, an extension of 0. */
export function putClockReference(target: Uint8Array, at: number, ticks: number): void {
  const wrapped = wrapTicks(ticks);
  const low = wrapped >>> 0;
  const high = wrapped > 0xffff_ffff ? 0x80 : 0;
  target[at] = high | (low >>> 25);
  target[at + 1] = low >>> 17;
  target[at + 2] = low >>> 9;
  target[at + 3] = low >>> 1;
  target[at + 4] = ((low & 1) << 7) | 0x7e;
  target[at + 5] = 0;
}

/** Reads the 90 kHz part of a program_clock_reference. */
export function readClockReference(bytes: Uint8Array, at: number): number {
  const byte = (index: number): number => bytes[at + index] ?? 0;
  const high = byte(0) * 0x100_0000 + ((byte(1) << 16) | (byte(2) << 8) | byte(3));
  return high * 2 + (byte(4) >> 7);
}
