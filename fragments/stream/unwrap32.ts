/**
 * Widens 32-bit timestamps that wrap (RTMP: milliseconds, after 49.7 days) by signed differences: a step forward over
 * 2^31 or 2^32 goes on counting, a small step back stays small. A leap of 2^31 or more, which is ambiguous, comes out as
 * a large jump either way, and the timeline begins a new run there.
 */
export class Unwrap32 {
  #last: number | undefined;

  /** The wide value of `value32` (0 to 2^32 - 1; only the low 32 bits count). The first value is taken as it is. */
  next(value32: number): number {
    const last = this.#last;
    const wide = last === undefined ? value32 >>> 0 : last + ((value32 - last) | 0);
    this.#last = wide;
    return wide;
  }
}
