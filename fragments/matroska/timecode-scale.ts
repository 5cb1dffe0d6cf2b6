/**
 * Matroska's clock and that of tracks. One tick of a block's time lasts `timecodeScaleNs`; a track counts whole ticks a
 * second. Where a second has a whole number of ticks the numbers are the same; else a track counts microseconds, or
 * nanoseconds where those are too coarse, and rounding both ways gives the producer's number back exactly.
 */

const SECOND_NS = 1_000_000_000;

/** Ticks a second of tracks whose document has this TimecodeScale. */
export function timescaleOf(timecodeScaleNs: number): number {
  if (SECOND_NS % timecodeScaleNs === 0) return SECOND_NS / timecodeScaleNs;
  return timecodeScaleNs > 1000 ? 1_000_000 : SECOND_NS;
}

/** Track ticks of a block or cluster time. */
export function ticksOfTimecode(timecode: number, timecodeScaleNs: number): number {
  if (SECOND_NS % timecodeScaleNs === 0) return timecode;
  return rescale(timecode, timecodeScaleNs * timescaleOf(timecodeScaleNs), SECOND_NS);
}

/** The block or cluster time whose ticks these are. */
export function timecodeOfTicks(ticks: number, timecodeScaleNs: number): number {
  if (SECOND_NS % timecodeScaleNs === 0) return ticks;
  return rescale(ticks, SECOND_NS, timecodeScaleNs * timescaleOf(timecodeScaleNs));
}

/** Milliseconds of a block or cluster time, rounded: what acknowledgements and producer timestamps count. */
export function millisOfTimecode(timecode: number, timecodeScaleNs: number): number {
  return timecodeScaleNs === 1_000_000 ? timecode : rescale(timecode, timecodeScaleNs, 1_000_000);
}

/** value * by / per to the nearest, half away from 0; exact: absolute times and their scale do not fit in a double. */
function rescale(value: number, by: number, per: number): number {
  const product = BigInt(value) * BigInt(by);
  const half = BigInt(per) / 2n;
  return Number((product < 0n ? product - half : product + half) / BigInt(per));
}
