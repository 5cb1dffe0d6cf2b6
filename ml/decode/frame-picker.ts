/**
 * Picks wanted pictures out of those that a decoder puts out in the order of their times: the one of the wanted time, or the
 * last one before it where that was not decoded.
 */
export class FramePicker<Frame> {
  readonly #wantedUs: readonly number[];
  readonly #release: (frame: Frame) => void;
  #next = 0;
  #held: { readonly frame: Frame; wanted: number[] } | undefined;

  /** `release`: called with each frame that is not picked, and to be called with each that is. */
  constructor(wantedUs: readonly number[], release: (frame: Frame) => void) {
    this.#wantedUs = wantedUs;
    this.#release = release;
  }

  /** Takes the next frame; answers the one before it if that one is picked now. */
  push(
    frame: Frame,
    ptsUs: number,
  ): { readonly frame: Frame; readonly wanted: readonly number[] } | undefined {
    const before = this.#held;
    while ((this.#wantedUs[this.#next] ?? Number.POSITIVE_INFINITY) < ptsUs) {
      // Wanted before anything was decoded: nothing serves it.
      before?.wanted.push(this.#next);
      this.#next++;
    }
    this.#held = { frame, wanted: [] };
    return this.#settle(before);
  }

  /** No more frames come: the last one serves whatever is left. */
  finish(): { readonly frame: Frame; readonly wanted: readonly number[] } | undefined {
    const last = this.#held;
    this.#held = undefined;
    for (; this.#next < this.#wantedUs.length; this.#next++) last?.wanted.push(this.#next);
    return this.#settle(last);
  }

  #settle(held: { readonly frame: Frame; readonly wanted: number[] } | undefined) {
    if (held === undefined || held.wanted.length > 0) return held;
    this.#release(held.frame);
    return undefined;
  }
}
